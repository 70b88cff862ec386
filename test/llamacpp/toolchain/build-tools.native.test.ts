import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { until } from "../../fixtures/until.js";

const compiled = new URL("../../../dist/llamacpp/toolchain/toolchain.js", import.meta.url);
const cache = mkdtempSync(path.join(temporaryFolder(), "qs cäche-"));

/** A fake compiler: waits for a file, then writes tools that only print a version. A real build takes a minute. */
const compiler = path.join(cache, "..", "compiler");
const go = path.join(cache, "..", "go");
const script = `#!/bin/sh
case "$TMPDIR" in '${cache}'/llama.cpp/.building-*) ;; *) exit 1 ;; esac
while [ ! -e '${go}' ]; do sleep 0.02; done
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho "version: 9.9.9-test (build 7)"\\n' > "$2" && chmod +x "$2"
`;
writeFileSync(compiler, script, { mode: 0o755 });

/** Starts a process that resolves the tools and prints its notes and the path of one tool. */
function resolver() {
  const code = `
    const { resolveToolchain } = await import(${JSON.stringify(compiled.href)});
    const toolchain = await resolveToolchain({ onProgress: (note) => console.log(note) });
    console.log("path " + toolchain.tools["llama-imatrix"].path);
  `;
  const env = { ...process.env, QUANTSMITH_CACHE: cache, CXX: compiler };
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (piece) => {
    output += piece;
  });
  const ended = once(child, "close").then(([exitCode]) => ({ exitCode, output }));
  return { child, ended, says: () => output };
}

test("after a killed build, one of two processes builds the tools and both use them", async () => {
  const killed = resolver();
  await until(() => killed.says().includes("compiling"));
  killed.child.kill("SIGKILL");
  await killed.ended;
  const parent = path.join(cache, "llama.cpp");
  expect((await readdir(parent)).filter((name) => name.startsWith(".building-"))).toHaveLength(1);

  const both = [resolver(), resolver()];
  await until(() => both.some(({ says }) => says().includes("waiting")));
  writeFileSync(go, "");
  const results = await Promise.all(both.map(({ ended }) => ended));
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  const tools = results.map(({ output }) => /^path (.+)$/m.exec(output)?.[1]);
  expect(tools[0]).toBeDefined();
  expect(tools[1]).toBe(tools[0]);
  expect(results.filter(({ output }) => output.includes("unpacking"))).toHaveLength(1);
  // No files of the killed build and no locks remain.
  expect(await readdir(parent)).toEqual([path.basename(path.resolve(tools[0] ?? "", "..", ".."))]);
});
