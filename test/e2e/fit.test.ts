import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeHeader } from "../../src/gguf/encode-header.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { writeSparseGguf } from "../../src/gguf/write-sparse-gguf.js";
import type { FitResult } from "../../src/hardware/compatibility.js";
import { quantize } from "../../src/llamacpp/quantize.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { type CliResult, quantsmith } from "../fixtures/cli.js";
import { qualityAt } from "../fixtures/release-report.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";

/* `fit` and `recommend` on real files of the demo model, with llama.cpp's allocator. */
const folder = temporaryFolder();
const release = join(folder, "release");
const inside = (name: string) => join(release, name);
const q8 = "tiny-Q8_0.gguf";
const q4 = "tiny-Q4_K_M.gguf";

/** A device that fits the Q4_K_M at 1024 tokens, but not the Q8_0, which takes 2.5 MB more. */
let tight: string;

function variant(name: string, file: string, kldMean: number) {
  const digest = "0".repeat(64);
  const verdict = { smoke: null, gate: "passed", reasons: [] };
  return { name, file, bytes: 1, bitsPerWeight: 8, sha256: digest, types: {}, quality: qualityAt(kldMean), ...verdict };
}

function json(result: CliResult) {
  expect(result.stderr).toBe("");
  return JSON.parse(result.stdout);
}

async function fitResults(...args: string[]): Promise<FitResult[]> {
  return json(await quantsmith(["fit", ...args, "--json"])).results;
}

beforeAll(async () => {
  mkdirSync(release);
  const run = await makeTinyModel(folder);
  for (const [type, out] of [
    ["Q8_0", q8],
    ["Q4_K_M", q4],
  ] as const) {
    await quantize({ ...run, model: "model.gguf", imatrix: "imatrix.gguf", type, out: join("release", out) });
  }
  copyFileSync(join(folder, "imatrix.gguf"), inside("tiny-imatrix.gguf"));
  const variants = [variant("Q8_0", q8, 0.0004), variant("Q4_K_M", q4, 0.02)];
  const model = { name: "Tiny", source: "local folder", commit: null, architecture: null, parameters: null };
  const report = { recipe: "tiny.yaml", model, steps: [], variants, base: null, toolchain: {}, checksum: "" };
  writeFileSync(inside("release.json"), JSON.stringify(report));
  const found = await fitResults(
    release,
    "--device",
    "custom:memory=8GB,budget=4GB,backend=metal",
    "--context",
    "1024",
  );
  const [large, small] = found.map(({ residentBytes }) => residentBytes);
  if (large === undefined || small === undefined) throw new Error("no results");
  expect(large - small).toBeGreaterThan(2e6);
  tight = `custom:memory=8GB,budget=${Math.round((large + small) / 2)}B,backend=metal`;
});

describe("fit", () => {
  test("every variant of a release on every given device", async () => {
    const document = json(
      await quantsmith([
        "fit",
        release,
        "--device",
        "iphone-15-pro",
        "rtx-3060-12gb",
        "--context",
        "512",
        "1024",
        "--json",
      ]),
    );
    expect(document.devices.map(({ id }: { id: string }) => id)).toEqual(["iphone-15-pro", "rtx-3060-12gb"]);
    expect(document.variants).toMatchObject([
      { model: "Tiny", name: "Q8_0", file: q8, kldMean: 0.0004 },
      { model: "Tiny", name: "Q4_K_M", file: q4, kldMean: 0.02 },
    ]);
    expect(document.results).toHaveLength(8);
    for (const result of document.results) {
      expect(result).toMatchObject({ verdict: "full", limit: null, maximumContext: { f16: 2048, q8_0: 2048 } });
      // There are no measurements of such small models.
      expect(result.decode).toBeNull();
    }
    const bytes = readFileSync(inside(q8)).length;
    expect(document.results[0].residentBytes).toBeGreaterThan(bytes);
  });

  test("the verdict depends on the budget", async () => {
    const results = await fitResults(release, "--device", tight, "--context", "1024");
    expect(results.map(({ variant: name, verdict }) => [name, verdict])).toEqual([
      ["Q8_0", "no"],
      ["Q4_K_M", "full"],
    ]);
    // With a smaller cache, the larger file fits in the same budget.
    const smaller = await fitResults(inside(q8), "--device", tight, "--context", "256");
    expect(smaller[0]?.maximumContext.f16).toBe(results[0]?.maximumContext.f16);
  });

  test("a table, with common devices by default", async () => {
    const { stdout, exitCode } = await quantsmith(["fit", inside(q4)]);
    expect(exitCode).toBe(0);
    expect(stdout.match(/model budget/g)).toHaveLength(12);
    expect(stdout).toMatch(/Q4_K_M +3\.\d+ MB +2048 +full offload/);
  });

  test("header, truncated file, splits and the whole file give the same result", async () => {
    const own = join(folder, "forms");
    mkdirSync(own);
    const gguf = await readGguf(inside(q4));
    const cut = join(own, "cut-Q4_K_M.gguf");
    copyFileSync(inside(q4), cut);
    truncateSync(cut, gguf.dataOffset + 1000);
    const third = Math.ceil(gguf.tensors.length / 3);
    for (let index = 0; index < 3; index++) {
      const metadata = new Map(index === 0 ? gguf.metadata : []);
      metadata.set("split.no", { type: "uint16", value: index });
      metadata.set("split.count", { type: "uint16", value: 3 });
      const tensors = gguf.tensors.slice(index * third, (index + 1) * third);
      await writeSparseGguf(
        join(own, `split-Q4_K_M-0000${index + 1}-of-00003.gguf`),
        encodeHeader({ metadata, tensors }),
      );
    }
    const memory = async (path: string) => {
      // The truncated file warns on stderr.
      const { stdout } = await quantsmith(["fit", path, "--device", "m4-pro-24gb", "--json"]);
      const document = JSON.parse(stdout);
      expect(document.variants).toMatchObject([{ name: "Q4_K_M" }]);
      const truncated = path === cut ? [expect.objectContaining({ code: "QW-GGUF-TRUNCATED" })] : [];
      expect(document.warnings).toEqual(truncated);
      return document.results[0];
    };
    const whole = await memory(inside(q4));
    expect(await memory(cut)).toEqual(whole);
    const { stderr } = await quantsmith(["recommend", cut, "--device", "m4-pro-24gb"]);
    expect(stderr).toContain('QW-GGUF-TRUNCATED: "cut-Q4_K_M.gguf" is incomplete');
    expect(await memory(join(own, "split-Q4_K_M-00001-of-00003.gguf"))).toEqual(whole);
    const both = await quantsmith(["fit", own, "--device", "m4-pro-24gb", "--json"]);
    expect(JSON.parse(both.stdout).variants.map(({ name }: { name: string }) => name)).toEqual([
      "cut Q4_K_M",
      "split Q4_K_M",
    ]);
  });

  test("the model's projector counts, another model's does not", async () => {
    const own = join(folder, "vision");
    mkdirSync(own);
    copyFileSync(inside(q4), join(own, "Seer-Q4_K_M.gguf"));
    const path = join(own, "Seer-Q4_K_M.gguf");
    const resident = async () => (await fitResults(path, "--device", "m4-pro-24gb"))[0]?.residentBytes ?? 0;
    const without = await resident();
    const gguf = await readGguf(inside(q4));
    const tensors = gguf.tensors.slice(0, 4);
    const metadata = new Map([["general.architecture", { type: "string", value: "clip" }]] as const);
    await writeSparseGguf(join(own, "mmproj-Other-F16.gguf"), encodeHeader({ metadata, tensors }));
    writeFileSync(join(own, "Other-Q4_K_M.gguf"), "");
    expect(await resident()).toBe(without);
    await writeSparseGguf(join(own, "mmproj-Seer-F16.gguf"), encodeHeader({ metadata, tensors }));
    expect(await resident()).toBeGreaterThan(without);
  });

  const failing: [string[], string][] = [
    [["fit", "no-such.gguf"], "QS-GGUF-MISSING"],
    [["fit", fileURLToPath(new URL("../../package.json", import.meta.url))], "QS-GGUF-INVALID"],
    [["fit", fileURLToPath(new URL("../../src", import.meta.url))], "QS-FIT-NOTHING"],
    [["fit", release, "--device", "iphone-15-por"], "QS-DEVICE-UNKNOWN"],
    [["fit", release, "--context", "many"], "QS-USAGE"],
    [["fit", release, "--kv", "q2_k"], "QS-USAGE"],
    [["fit", release, "--host-ram", "lots"], "QS-USAGE"],
    [["fit", release, "--catalog", "no-such.yaml"], "QS-CATALOG-MISSING"],
    [["fit", join(folder, "imatrix.gguf"), "--device", "m4-pro-24gb"], "QS-FIT-NOTHING"],
    [["recommend", release], "QS-USAGE"],
    [["recommend", release, "--device", "m4-pro-24gb", "rtx-3060-12gb"], "QS-USAGE"],
    [["recommend", release, "--device", "all"], "QS-USAGE"],
    [["recommend", release, "--device", "m4-pro-24gb", "--task", "sumarize"], "QS-USAGE"],
  ];
  test.each(failing)("%j is rejected", async (args, code) => {
    const { exitCode, stderr } = await quantsmith(args);
    expect(stderr).toContain(code);
    expect(exitCode).toBe(2);
  });

  test("an invalid release.json", async () => {
    const own = join(folder, "broken");
    mkdirSync(own);
    copyFileSync(inside(q4), join(own, q4));
    writeFileSync(join(own, "release.json"), "{}");
    expect((await quantsmith(["fit", own])).stderr).toContain("QS-FIT-RELEASE");
  });

  test("a release.json whose divergence is not a number", async () => {
    const own = join(folder, "worded");
    mkdirSync(own);
    copyFileSync(inside(q4), join(own, q4));
    const variants = [{ name: "Q4_K_M", file: q4, quality: { kldMean: "small" } }];
    writeFileSync(join(own, "release.json"), JSON.stringify({ model: { name: "tiny-llama" }, variants }));
    const { stderr } = await quantsmith(["recommend", own, "--device", "m1-8gb"]);
    expect(stderr).toContain("QS-FIT-RELEASE");
  });
});

describe("recommend", () => {
  test("Markdown: comparison, recommendation, the device's snippets first", async () => {
    const { stdout, exitCode } = await quantsmith([
      "recommend",
      release,
      "--device",
      "iphone-15-pro",
      "--ram",
      "3GB",
      "--task",
      "summarize",
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("# Which file for iPhone 15 Pro");
    expect(stdout).toMatch(/\| Tiny \| \*\*Q8_0\*\* \|/);
    expect(stdout).toContain(`**${q8}**: it has the lowest mean KL divergence (0.000400) of the 2 variants`);
    expect(stdout.indexOf("### Swift")).toBeLessThan(stdout.indexOf("<details>"));
    expect(stdout.indexOf("### Ollama")).toBeGreaterThan(stdout.indexOf("<details>"));
  });

  test("a model that fits precedes a better one that does not", async () => {
    const args = ["recommend", release, "--device", tight, "--context", "1024", "--json"];
    const document = json(await quantsmith(args));
    expect(document.pick).toEqual({ model: "Tiny", variant: "Q4_K_M", file: q4 });
    expect(document.snippets).toHaveLength(11);
  });

  test("two spellings of a path are one model", async () => {
    const own = join(folder, "spellings");
    mkdirSync(own);
    copyFileSync(inside(q8), join(own, "Llama_3-Q8_0.gguf"));
    copyFileSync(inside(q4), join(own, "llama-3-Q4_K_M.gguf"));
    const document = json(await quantsmith(["recommend", own, "--device", "m4-pro-24gb", "--json"]));
    expect(document.pick).toMatchObject({ model: "Llama_3", variant: "Q8_0" });
  });

  test("--ram sets the budget, up to the device's memory", async () => {
    const device = "custom:memory=8GB,budget=4GB,backend=metal";
    const nothing = await quantsmith(["recommend", release, "--device", device, "--ram", "1MB", "--json"]);
    expect(nothing.exitCode).toBe(3);
    const none = json(nothing);
    expect(none).toMatchObject({ pick: null, snippets: [], notes: [] });
    expect(none.reason).toContain("no variant runs");
    const more = json(await quantsmith(["recommend", release, "--device", device, "--ram", "6GB", "--json"]));
    expect(more.notes).toHaveLength(1);
    expect(more.device.budget.value).toBe(6e9);
    const most = json(await quantsmith(["recommend", release, "--device", device, "--ram", "60GB", "--json"]));
    expect(most.notes).toHaveLength(2);
    expect(most.device.budget.value).toBe(8e9);
    const same = json(await quantsmith(["recommend", release, "--device", device, "--ram", "4GB", "--json"]));
    expect(same.device.budget.note).not.toBe("set by --ram");
  });
});

describe("snippets run", () => {
  async function snippet(runtime: string): Promise<string> {
    const args = ["recommend", release, "--device", "laptop-ddr4-8gb", "--context", "256", "--json"];
    const { snippets } = json(await quantsmith(args));
    return snippets.find((one: { runtime: string }) => one.runtime === runtime).markdown;
  }
  const code = (markdown: string, language: string) =>
    markdown.split(`\`\`\`${language}\n`).at(-1)?.split("\n```")[0] ?? "";

  test("llama.cpp's command line", async () => {
    // The pinned package has no llama-cli; llama-completion reads the same arguments.
    const { tools } = await resolveToolchain();
    const bin = join(folder, "bin");
    mkdirSync(bin);
    symlinkSync(tools["llama-completion"].path, join(bin, "llama-cli"));
    const command = `${code(await snippet("llama.cpp"), "sh")} -st -n 8 --temp 0`;
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    const output = execFileSync("sh", ["-c", command], {
      cwd: release,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(output).toContain("rice, eggs and spinach");
    expect(output.split("spinach?").at(-1)?.trim().length).toBeGreaterThan(3);
  });

  test("node-llama-cpp", async () => {
    const program = inside("program.mjs");
    const text = code(await snippet("node-llama-cpp"), "js");
    writeFileSync(program, text.replace("{ onTextChunk", "{ maxTokens: 16, onTextChunk"));
    symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), inside("node_modules"));
    const output = execFileSync(process.execPath, [program], {
      cwd: release,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect(output.trim().length).toBeGreaterThan(3);
  });
});
