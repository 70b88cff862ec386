import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { renderBom } from "../../src/release/bom.js";
import { renderProvenance } from "../../src/release/provenance.js";
import { renderCard } from "../../src/report/card.js";
import { renderPage } from "../../src/report/html/page.js";
import { renderModelYaml } from "../../src/report/lm-studio.js";
import { renderRecommendation } from "../../src/report/recommendation.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import {
  type CodeBlock,
  elementsOf,
  markdownParts,
  parseModelfile,
  renderedMarkdown,
  withoutStrings,
} from "./foreign/parsers.js";
import { type ForeignRelease, foreignRelease } from "./foreign/release.js";

/*
 * Hostile text in every field of a release at once, parsed with real parsers: it never becomes an element, a link, a word
 * of a shell, a key or an instruction. The same release with harmless text shows what belongs there.
 */
const hostile: readonly (readonly [string, string])[] = [
  ["tags", `"><script>alert(1)</script><img src=x onerror=alert(1)>' onload=x </details></summary></code></td><!--`],
  [
    "Markdown",
    "](javascript:alert(1)) [x](http://evil.example/ 't') ![p](https://evil.example/t.png) [y]: https://evil.example",
  ],
  ["addresses", "<https://evil.example> https://evil.example/|a www.evil.example ftp://evil.example me@evil.example"],
  ["blocks", "`` ` ```\n~~~\n\n# Heading\r\n- item\n\n    code\n> quote\n\n---\nevil: true\n...\n<div>\n\n"],
  ["shell", "'; touch pwned; echo '$(touch pwned)`touch pwned`\\ | touch pwned & > pwned \"$HOME\" * ~ # !!"],
  ["Modelfile", '"""\nFROM evil\nPARAMETER stop x\nSYSTEM """x"'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a template of JavaScript and Kotlin
  ["code", '\\"\\(evil()) ${evil()} $evil ` */ // <!-- \\u{22} \\\\'],
  ["invisible", "\u0000\u001b[2J\u001b]8;;https://evil.example\u0007x\u0085\u202e\u2066\u2028\u2029\u200b\ufeff\ud800"],
  ["entities", "&lt;b&gt;&#60;i&#62;&quot;&amp;lt; &#x3c;script&#62; | a | b |\\| c \\\\| <br>"],
  ["YAML", "!!js/function 'x' : [&a *a, {b: c}] # %TAG\t- ? | > @ `"],
  ["emphasis", " _a_ **b** ~~c~~ $$d$$ ==e== 1. 2) +"],
  ["nothing", ""],
];
const foreign = remembered((text) => foreignRelease((field) => `${field}${text}`, text));
/** The same release with harmless text, except that Ollama's Modelfile cannot refer to some names. */
const harmlessLike = remembered((text) => {
  const name = /["\p{C}\p{Zl}\p{Zp}]/u.test(text) ? '"' : "name";
  return foreignRelease((field) => (field === "file" || field === "variant" ? name : field), "LICENSE");
});

function remembered(make: (text: string) => ForeignRelease): (text: string) => ForeignRelease {
  const made = new Map<string, ForeignRelease>();
  return (text) => {
    const release = made.get(text) ?? make(text);
    made.set(text, release);
    return release;
  };
}

describe.each([
  ["of a published release", "me/Model-GGUF"],
  ["of a local release", null],
])("the card %s", (_where, repo) => {
  test.each(hostile)("with hostile %s", (_what, text) => {
    const card = renderCard({ ...foreign(text).card, repo });
    const expected = renderCard({ ...harmlessLike(text).card, repo });
    expectSameMarkdown(card, expected);
    const [found, wanted] = [card, expected].map((markdown) => /^---\n([\s\S]*?)\n---\n/.exec(markdown)?.[1] ?? "");
    expectSameKeys(found, wanted);
    expectVisible(card);
  });
});

test.each(hostile)("recommendation with hostile %s", (_what, text) => {
  const [found, expected] = [foreign(text), harmlessLike(text)].map(({ recommendation }) => recommendation);
  if (found === undefined || expected === undefined) throw new Error("no recommendation");
  expectSameMarkdown(renderRecommendation(found), renderRecommendation(expected));
  expectVisible(renderRecommendation(found));
});

test.each(hostile)("report.html and its charts with hostile %s", (_what, text) => {
  const pageWith = (inserted: string) => {
    const page = renderPage(foreign(inserted).page);
    // Charts contain no text besides names of variants, which a recipe limits to those of files.
    expect(page.replace(/<svg[\s\S]*?<\/svg>/g, "")).not.toMatch(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
    return elementsOf(page).map(({ tag, attributes: { href, src, ...others } }) => ({
      ...{ tag, href, src },
      names: Object.keys(others),
    }));
  };
  const elements = pageWith(text);
  expect(elements).toEqual(pageWith(text.replace(/[<>&"']/g, "x")));
  expect(elements.flatMap(({ href, src }) => href ?? src ?? [])).toEqual(["data:,"]);
});

test.each(hostile)("YAML and JSON files with hostile %s", (_what, text) => {
  const { modelYaml, release } = foreign(text);
  expectVisible(renderModelYaml(modelYaml));
  expectSameKeys(renderModelYaml(modelYaml), renderModelYaml(harmlessLike(text).modelYaml));
  const bom = JSON.parse(renderBom(release));
  const addresses = JSON.stringify(bom).match(/"url":"[^"]*"/g) ?? [];
  for (const address of addresses) expect(address).toMatch(/^"url":"https:\/\/(huggingface\.co|evil\.example)\//);
  expect(JSON.parse(renderProvenance(release, "00")).subject).toEqual(
    release.files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
  );
});

/** Compares elements, links and code blocks of two documents that differ in foreign text only. */
function expectSameMarkdown(actual: string, expected: string): void {
  // Text that looks like an address is shown as code.
  const skeleton = (markdown: string) =>
    elementsOf(renderedMarkdown(markdown))
      .map(({ tag, attributes }) => [tag, ...Object.keys(attributes)].join(" "))
      .filter((element) => !/^(code|a href)$/.test(element));
  expect(skeleton(actual)).toEqual(skeleton(expected));
  const [found, wanted] = [markdownParts(actual), markdownParts(expected)];
  for (const link of found.links) {
    expect(link).toMatch(/^(https:\/\/|\.\/)/);
    if (link.startsWith("https://")) expect([...wanted.hosts, "huggingface.co"]).toContain(new URL(link).host);
  }
  for (const image of found.images) expect(image).toMatch(/^\.\/assets\//);
  expect(found.code.map(({ language }) => language)).toEqual(wanted.code.map(({ language }) => language));
  expect(shellWords(found.code)).toEqual(shellWords(wanted.code));
  for (const [index, { language, code }] of found.code.entries()) {
    expect(structureOf(language, code), code).toEqual(structureOf(language, wanted.code[index]?.code ?? ""));
  }
}

/** What a program understands of a code block, apart from the content of its strings. */
function structureOf(language: string, code: string): unknown {
  switch (language) {
    case "sh":
    case "text":
      return undefined;
    case "js":
      return scriptSyntax(code);
    case "swift":
    case "kotlin":
      return withoutStrings(language, code);
    default:
      return parseModelfile(code).map(({ name }) => name);
  }
}

/** Numbers of words per command, counted by bash; a command or a redirection would leave a file. */
function shellWords(blocks: readonly CodeBlock[]): string {
  const cwd = temporaryFolder();
  const commands = blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => code.trimEnd().split("\n"))
    .filter((line) => !line.includes("<key>"))
    .map((line) => `count ${line.replace(/^(\w+=\w+ )+/, "")}`);
  const program = `count() { echo $#; }\n${commands.join("\n")}\n`;
  const output = execFileSync("bash", ["-c", program], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  expect(readdirSync(cwd)).toEqual([]);
  return output;
}

function scriptSyntax(code: string): unknown {
  const { diagnostics } = ts.transpileModule(code, {
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext },
  });
  const kinds: ts.SyntaxKind[] = [];
  const visit = (node: ts.Node) => {
    kinds.push(node.kind);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("a.mjs", code, ts.ScriptTarget.ESNext));
  return { errors: diagnostics?.length, kinds };
}

/** Requires that a YAML document is valid and has no other keys; invalid values of a list may be missing. */
function expectSameKeys(actual: string | undefined, expected: string | undefined): void {
  const allowed = new Set(keysOf(expected ?? ""));
  for (const key of keysOf(actual ?? "")) expect(allowed).toContain(key);
}

/** Requires that readers see every character: no control, text direction or invisible character. */
function expectVisible(text: string): void {
  expect(text.match(/(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu) ?? []).toEqual([]);
}

/** Paths of all keys of a YAML document, without the positions in lists. */
function keysOf(yaml: string): string[] {
  const document = parseDocument(yaml);
  expect(document.errors).toEqual([]);
  const visit = (value: unknown, path: string): string[] => {
    if (Array.isArray(value)) return value.flatMap((item) => visit(item, `${path}[]`));
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => [`${path}/${key}`, ...visit(inner, `${path}/${key}`)]);
  };
  return visit(document.toJS(), "");
}
