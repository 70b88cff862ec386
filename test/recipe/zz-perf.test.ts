import { test } from "vitest";
import { loadRecipe } from "../../src/recipe/load-recipe.js";
import { formatDiagnostics, RecipeError } from "../../src/recipe/diagnostics.js";
import { writeFileSync, appendFileSync } from "node:fs";
const M = 1024*1024-200;
const head = "version: 1\nmodel: { source: hf:a/b }\n";
const t: Record<string,string> = {
 keys: head + Array.from({length:100000},(_, i)=>`k${i}: 1\n`).join(""),
 variants: head + "variants: [" + "Q,".repeat(M/2.1|0) + "]",
 dup: head + "variants: [" + "Q8_0,".repeat(M/5.2|0) + "]",
 brackets: "[".repeat(M),
 dashes: "- ".repeat(M/2),
 aliases: "a: &a 1\nb: [" + "*a,".repeat(M/3.1|0)+"]",
 undef: "b: [" + "*a,".repeat(M/3.1|0)+"]",
 anchors: "b: [" + "&a 1,".repeat(M/5.1|0)+"]",
 tags: "b: [" + "!x 1,".repeat(M/5.1|0)+"]",
 docs: "[]\n---\n".repeat(M/7|0),
 quotes: '"'.repeat(M), percent: "%\n".repeat(M/2|0), hash: "#\n".repeat(M/2|0), nl: "\n".repeat(M), spaces: " ".repeat(M), tabs: "\t".repeat(M), colons: ":".repeat(M), colons2: ": ".repeat(M/2|0), q: "?\n".repeat(M/2|0), pipe: "|\n".repeat(M/2|0), quoted: "a: \"" + "\\n".repeat(M/2-10|0)+"\"", braces: "{".repeat(M), nul: "\0".repeat(M), open: "a: [" + "{a: ".repeat(40) + "1,".repeat(M/3|0), bad: "a: b: c\n".repeat(M/8|0), plain: "a\n".repeat(M/2|0), tilde: "- ~\n".repeat(M/4|0), smoke: head+"variants: [Q8_0]\nsmoke: [" + "1,".repeat(M/2.1|0) + "]", corpus: head+"variants: [Q8_0]\nsearch: {corpus: [" + "a,".repeat(M/2.1|0) + "]}",
 tensors: head+"variants: [{preset: Q8_0, tensors: {" + Array.from({length:60000},(_, i)=>`a${i}: Q8`).join(",")+"}}]",
};
test("x", async () => {
  for (const [k, v] of Object.entries(t)) {
    writeFileSync("/tmp/h1/p.yaml", v);
    appendFileSync("/tmp/h1/perf.log", k+"\n"); const s = performance.now(); let r = "ok";
    try { await loadRecipe("/tmp/h1/p.yaml"); } catch (e) { r = e instanceof RecipeError ? `${e.diagnostics.length} ${formatDiagnostics(e.diagnostics).length} ${e.message.slice(0,150)}` : String(e).slice(0,200); }
    appendFileSync("/tmp/h1/perf.log", `${k} ${v.length} ${Math.round(performance.now()-s)} ${r}\n`); console.log(k, v.length, Math.round(performance.now()-s), r);
  }
}, 600000);
