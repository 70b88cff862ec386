import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const compiled = new URL("../../../dist/llamacpp/toolchain/toolchain.js", import.meta.url);
let cache: string;

beforeAll(async () => {
  await access(fileURLToPath(compiled)); // `npm test` builds it first
  cache = await mkdtemp(path.join(tmpdir(), "qs cäche-"));
});
afterAll(() => rm(cache, { recursive: true, force: true }));

/** A process of its own that resolves the tools and prints its notes and the path of one tool. */
function resolver() {
  const code = `
    const { resolveToolchain } = await import(${JSON.stringify(compiled.href)});
    const toolchain = await resolveToolchain({ onProgress: (note) => console.log(note) });
    console.log("path " + toolchain.tools["llama-imatrix"].path);
  `;
  const env = { ...process.env, QUANTSMITH_CACHE: cache };
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

test("a killed build is taken over, and of two processes one builds and both get the tools", async () => {
  const killed = resolver();
  while (!killed.says().includes("compiling")) await once(killed.child.stdout, "data");
  killed.child.kill("SIGKILL");
  await killed.ended;
  const parent = path.join(cache, "llama.cpp");
  expect((await readdir(parent)).filter((name) => name.startsWith(".building-"))).toHaveLength(1);

  const results = await Promise.all([resolver().ended, resolver().ended]);
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  const tools = results.map(({ output }) => /^path (.+)$/m.exec(output)?.[1]);
  expect(tools[0]).toBeDefined();
  expect(tools[1]).toBe(tools[0]);
  expect(results.filter(({ output }) => output.includes("unpacking"))).toHaveLength(1);
  // Nothing is left of the killed build or the locks.
  expect(await readdir(parent)).toEqual([path.basename(path.resolve(tools[0] ?? "", "..", ".."))]);
});
