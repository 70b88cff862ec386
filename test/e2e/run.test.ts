import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readGguf } from "../../src/gguf/read-header.js";
import { typeCounts } from "../../src/gguf/summary.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import type { RunReport } from "../../src/release/release-report.js";
import { listFiles } from "../../src/util/files.js";
import { withLock } from "../../src/util/lock.js";
import { sha256File } from "../../src/util/sha256.js";
import { runSubprocess } from "../../src/util/subprocess.js";
import { briefRecipe, type CliResult, demoCopy, demoRecipe, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/*
 * The real program with the real tools on the bundled model, in a folder whose name has spaces and non-ASCII letters.
 * The tests share one store and depend on their order.
 */
const home = join(temporaryFolder(), "späces and ünicode");
const out = join(home, "öut");
const release = join(out, "releases", "demo");
let recipe: string;
let first: CliResult;

const run = (...more: string[]) => quantsmith(["run", recipe, "--out", out, ...more]);
const report = (result: CliResult) => JSON.parse(result.stdout) as RunReport & { error?: { code: string } };
const statuses = (result: CliResult) => Object.fromEntries(report(result).steps.map(({ id, status }) => [id, status]));
const rewrite = (edit: (text: string) => string) => writeFileSync(recipe, edit(demoRecipe));
const variants = (list: string) => (text: string) => text.replace("[Q8_0]", list);

beforeAll(async () => {
  recipe = demoCopy(home, variants("[Q8_0, Q4_K_M]"));
  first = await run("--json");
});

describe("a first run", () => {
  test("succeeds and prints one JSON document of the documented shape", () => {
    expect(first.stderr).not.toContain("QS-");
    expect(first.exitCode).toBe(0);
    expect(report(first)).toMatchObject({
      recipe: "demo.yaml",
      model: { name: "tiny-llama", source: "local folder", commit: null, architecture: "llama", parameters: 5770496 },
      release,
      base: { bytes: expect.any(Number), perplexity: expect.any(Number) },
      toolchain: { llamaCpp: expect.stringMatching(/^v\d/) },
      variants: [
        { name: "Q8_0", file: "tiny-llama-Q8_0.gguf", gate: "passed", smoke: { passed: 1, failed: 0 } },
        { name: "Q4_K_M", file: "tiny-llama-Q4_K_M.gguf", gate: "passed", smoke: { passed: 1, failed: 0 } },
      ],
    });
  });

  test("measures plausible figures: finer types are closer to the base", () => {
    const [q8, q4] = report(first).variants;
    if (q8?.quality == null || q4?.quality == null) throw new Error("not measured");
    expect(q8.quality.kldMean).toBeGreaterThan(0);
    expect(q8.quality.kldMean).toBeLessThan(q4.quality.kldMean / 5);
    expect(q4.quality.kldMean).toBeLessThan(0.1);
    expect(q8.quality.sameTop).toBeGreaterThan(q4.quality.sameTop);
    expect(q8.quality.perplexityRatio).toBeCloseTo(1, 1);
    expect([q4.quality.chunks, q4.quality.corpus]).toEqual([10, "evaluation.txt"]);
  });

  test("writes a release with exactly these files, and correct SHA256SUMS", async () => {
    expect(await listFiles(release)).toEqual([
      "README.md",
      "SHA256SUMS",
      "assets/kld-percentiles.svg",
      "assets/size-kld.svg",
      "assets/types-Q4_K_M.svg",
      "assets/types-Q8_0.svg",
      "bom.cdx.json",
      "hardware-compatibility.json",
      "params",
      "provenance.intoto.json",
      "recipe.lock.yaml",
      "release.json",
      "report.html",
      "template",
      "tensors.json",
      "tiny-llama-Q4_K_M.gguf",
      "tiny-llama-Q8_0.gguf",
      "tiny-llama-imatrix.gguf",
    ]);
    const sums = readFileSync(join(release, "SHA256SUMS"), "utf8").trim().split("\n");
    expect(sums).toHaveLength(16);
    for (const line of sums) expect(line).toBe(`${await sha256File(join(release, line.slice(66)))}  ${line.slice(66)}`);
  });

  test("writes the types and sizes it reports", async () => {
    for (const variant of report(first).variants) {
      const gguf = await readGguf(join(release, variant.file));
      expect(gguf.fileBytes).toBe(variant.bytes);
      expect(typeCounts(gguf)).toEqual(variant.types);
      expect(await sha256File(gguf.path)).toBe(variant.sha256);
    }
  });

  test("writes no machine path to a published file", async () => {
    for (const file of await listFiles(release)) {
      expect(readFileSync(join(release, file)).includes("späces and"), file).toBe(false);
    }
  });

  test("writes files that llama-perplexity loads", async () => {
    const { tools } = await resolveToolchain();
    const text = join(home, "text", "evaluation.txt");
    for (const { file } of report(first).variants) {
      const args = ["-m", join(release, file), "-f", text, "--chunks", "2", "-c", "128"];
      const result = await runSubprocess({ file: tools["llama-perplexity"].path, args, cwd: home });
      expect(`${result.stdout}${result.stderr}`).toMatch(/Final estimate: PPL = \d/);
    }
  });

  test("removes temporary files and keeps a log of events", () => {
    expect(readdirSync(join(out, "tmp"))).toEqual([]);
    const [folder] = readdirSync(join(out, "runs"));
    const lines = readFileSync(join(out, "runs", folder ?? "", "events.ndjson"), "utf8")
      .trim()
      .split("\n");
    const events = lines.map((line) => JSON.parse(line) as { type: string });
    expect(events[0]?.type).toBe("run-started");
    expect(events.at(-1)?.type).toBe("run-finished");
    expect(events.filter(({ type }) => type === "step-finished")).toHaveLength(report(first).steps.length);
  });
});

describe("a second run", () => {
  test("uses the store for everything and does not change the release", async () => {
    const before = readFileSync(join(release, "release.json"), "utf8");
    const second = await run("--json");
    expect(new Set(Object.values(statuses(second)))).toEqual(new Set(["cached"]));
    expect(report(second).variants).toEqual(report(first).variants);
    expect(readFileSync(join(release, "release.json"), "utf8")).toBe(before);
  });

  test("rebuilds nothing after a file was only touched", async () => {
    utimesSync(join(home, "tiny-llama", "model.safetensors"), new Date(), new Date());
    utimesSync(join(home, "text", "calibration.txt"), new Date(), new Date());
    expect(new Set(Object.values(statuses(await run("--json"))))).toEqual(new Set(["cached"]));
  });

  test("repairs a release with a missing file", async () => {
    rmSync(join(release, "README.md"));
    await run();
    expect(readFileSync(join(release, "README.md"), "utf8")).toContain("# tiny-llama GGUF");
  });

  test("builds only the steps of a new variant, and applies manual rules", async () => {
    rewrite(
      variants(
        "[Q8_0, Q4_K_M, { name: Q3_K_M, preset: Q3_K_S, tensors: { token_embd: Q8_0, 'blk\\.[01]\\.attn_v': Q6_K } }]",
      ),
    );
    const third = await run("--json");
    expect(third.exitCode).toBe(0);
    const built = Object.entries(statuses(third)).filter(([, status]) => status === "built");
    expect(built.map(([id]) => id)).toEqual([
      "quantize:Q3_K_M",
      "validate:Q3_K_M:structure",
      "validate:Q3_K_M",
      "smoke:Q3_K_M",
      "package:Q3_K_M:memory",
      "package",
    ]);
    const gguf = await readGguf(join(release, "tiny-llama-Q3_K_M.gguf"));
    const typeOf = (name: string) => gguf.tensors.find((tensor) => tensor.name === name)?.type.name;
    expect([typeOf("token_embd.weight"), typeOf("blk.1.attn_v.weight"), typeOf("blk.2.attn_v.weight")]).toEqual([
      "Q8_0",
      "Q6_K",
      "Q3_K",
    ]);
    expect(readFileSync(join(release, "Q3_K_M.tensor-types.txt"), "utf8")).toContain(
      "^blk\\.0\\.attn_v\\.weight$=q6_k",
    );
  });

  test("plan shows cached, stale and new steps, and the origin of settings", async () => {
    rewrite((text) => variants("[Q8_0, Q5_K_M]")(text).replace("evaluation.txt }", "evaluation.txt, chunks: 9 }"));
    const { stdout } = await quantsmith(["plan", recipe, "--out", out, "--json"]);
    const plan = JSON.parse(stdout) as {
      steps: { id: string; status: string; why?: string }[];
      settings: Record<string, unknown>;
    };
    const steps = Object.fromEntries(
      plan.steps.map(({ id, status, why }) => [id, why === undefined ? status : `${status}: ${why}`]),
    );
    expect(steps).toMatchObject({
      convert: "cached",
      "validate:base": "stale: params.chunks changed",
      "validate:Q8_0": "stale: inputs.base, inputs.baseReport changed",
      "quantize:Q5_K_M": "new",
    });
    expect(plan.settings).toMatchObject({
      "evaluation.chunks": { value: 9, from: "recipe" },
      "calibration.chunks": { value: 20, from: "pipeline" },
      "calibration.chatTemplate": { value: false, from: "default" },
    });
  });
});

describe("gates", () => {
  test("a failed variant is left out, the others finish, exit code 3", async () => {
    rewrite((text) => `${variants("[Q8_0, Q4_K_M]")(text)}gates: { kldMean: { max: 0.005 } }\n`);
    const result = await run("--json");
    expect(result.exitCode).toBe(3);
    const found = report(result);
    expect(found.error?.code).toBe("QS-GATE-FAILED");
    expect(found.variants.map(({ name, gate }) => [name, gate])).toEqual([
      ["Q8_0", "passed"],
      ["Q4_K_M", "failed"],
    ]);
    expect(found.variants[1]).toMatchObject({
      reasons: [expect.stringMatching(/^kldMean 0\.0[12]\d+ is above the maximum 0\.005 by/)],
    });
    expect(readdirSync(release).filter((file) => file.endsWith(".gguf"))).toEqual([
      "tiny-llama-Q8_0.gguf",
      "tiny-llama-imatrix.gguf",
    ]);
    const published = JSON.parse(readFileSync(join(release, "release.json"), "utf8")) as RunReport;
    expect(published.variants.map(({ name }) => name)).toEqual(["Q8_0"]);
    const former = `${release}.replaced-1`;
    expect(result.stderr).toContain(`Renamed the previous release folder to ${former}`);
    expect(existsSync(join(former, "tiny-llama-Q4_K_M.gguf"))).toBe(true);
  });

  test("a changed gate repeats the verdicts and rebuilds no variant", async () => {
    rewrite((text) => `${variants("[Q8_0, Q4_K_M]")(text)}gates: { kldMean: { max: 0.05 } }\n`);
    const result = await run("--json");
    const built = Object.entries(statuses(result)).filter(([, status]) => status === "built");
    expect([result.exitCode, built.map(([id]) => id)]).toEqual([0, ["validate:Q8_0", "validate:Q4_K_M", "package"]]);
  });

  test("an expectation that the base fails too is a warning, and no gate", async () => {
    rewrite((text) => text.replace("Paris", "London"));
    const result = await run();
    expect([result.exitCode, existsSync(release)]).toEqual([0, true]);
    expect(result.stderr).toContain("warning: QW-SMOKE-BASE: the base itself fails 1 of 1 smoke prompts");
  });

  test("without a variant that passes, the release is renamed", async () => {
    rewrite((text) => `${text}gates: { kldMean: { max: 0.0000001 } }\n`);
    const result = await run();
    expect([result.exitCode, existsSync(release), existsSync(`${release}.replaced-2`)]).toEqual([3, false, true]);
  });
});

describe("selection", () => {
  test("--until stops after the stage, --only uses the store for the rest or fails", async () => {
    const fresh = join(home, "other");
    rewrite((text) => text);
    const refused = await quantsmith(["run", recipe, "--out", fresh, "--only", "quantize", "--json"]);
    expect([refused.exitCode, report(refused).error?.code]).toEqual([2, "QS-STEP-NOT-BUILT"]);
    const until = await quantsmith(["run", recipe, "--out", fresh, "--until", "fetch", "--json"]);
    expect(statuses(until)).toEqual({ fetch: "built" });
    expect(report(until).release).toBeNull();
  });

  test("--variant releases the given variant and the finished ones", async () => {
    rewrite(variants("[Q8_0, Q4_K_M, Q2_K]"));
    const result = await run("--json", "--variant", "q8_0");
    expect(statuses(result)).toMatchObject({ "quantize:Q4_K_M": "cached", "quantize:Q2_K": "skipped" });
    expect(report(result).variants.map(({ name }) => name)).toEqual(["Q8_0", "Q4_K_M"]);
  });
});

describe("publish", () => {
  test("copies a release to a folder, and replaces only an earlier release", async () => {
    const target = join(home, "públic");
    const publish = (...more: string[]) => quantsmith(["publish", release, "--to", `dir:${target}`, ...more]);
    const dry = await publish("--dry-run");
    expect([dry.exitCode, dry.stdout]).toEqual([0, expect.stringContaining("add README.md")]);
    expect(existsSync(target)).toBe(false);
    expect((await publish()).exitCode).toBe(0);
    expect(await listFiles(target)).toEqual(await listFiles(release));
    expect((await publish()).exitCode).toBe(0);
    writeFileSync(join(target, "notes.md"), "mine");
    const refused = await publish("--json");
    expect([refused.exitCode, JSON.parse(refused.stdout).error.code]).toEqual([2, "QS-PUBLISH-FOREIGN"]);
  });

  test("rejects targets inside and around the release, and follows a link to a folder", async () => {
    for (const target of [join(release, "sub"), join(out, "releases"), release]) {
      const refused = await quantsmith(["publish", release, "--to", `dir:${target}`, "--json"]);
      expect([refused.exitCode, JSON.parse(refused.stdout).error.code], target).toEqual([2, "QS-PUBLISH-TARGET"]);
    }
    symlinkSync(join(home, "real"), join(home, "current"));
    mkdirSync(join(home, "real"));
    expect((await quantsmith(["publish", release, "--to", `dir:${join(home, "current")}`])).exitCode).toBe(0);
    expect(readdirSync(join(home, "real"))).toEqual(readdirSync(release));
  });

  test("rejects a modified release, and a file that is not a passed variant", async () => {
    const target = `dir:${join(home, "never")}`;
    writeFileSync(join(release, "tiny-llama-Q2_K.gguf"), "not measured");
    const stray = await quantsmith(["publish", release, "--to", target, "--json"]);
    expect([stray.exitCode, JSON.parse(stray.stdout).error.code]).toEqual([2, "QS-PUBLISH-RELEASE"]);
    expect(JSON.parse(stray.stdout).error.message).toContain("tiny-llama-Q2_K.gguf");
    expect(existsSync(join(home, "never"))).toBe(false);
  });
});

describe("foreign files are not changed", () => {
  test("files of the user in the output folder, and a folder at the release path", async () => {
    const folder = join(home, "shared");
    for (const place of ["tmp/mine", "store/mine", "releases/demo"])
      mkdirSync(join(folder, place), { recursive: true });
    for (const place of ["tmp", "store", "releases"])
      writeFileSync(join(folder, place, place === "releases" ? "demo/notes.md" : "mine/notes.md"), "mine");
    writeFileSync(recipe, briefRecipe);
    const result = await quantsmith(["run", recipe, "--out", folder, "--json"]);
    expect([result.exitCode, report(result).error?.code]).toEqual([4, "QS-RELEASE-FOREIGN"]);
    await quantsmith(["cache", "gc", "--keep", "release", "--out", folder]);
    for (const file of ["tmp/mine/notes.md", "store/mine/notes.md", "releases/demo/notes.md"]) {
      expect(readFileSync(join(folder, file), "utf8"), file).toBe("mine");
    }
    const { stderr, exitCode } = await quantsmith(["run", recipe, "--out", folder, "--replace"]);
    expect([exitCode, readdirSync(join(folder, "releases")).sort()]).toEqual([
      0,
      [".demo.json", "demo", "demo.replaced-1"],
    ]);
    expect(stderr).toContain("demo.replaced-1");
    expect(readFileSync(join(folder, "releases/demo.replaced-1/notes.md"), "utf8")).toBe("mine");
  });

  test("the release of another source, before the first step", async () => {
    const folder = join(home, "sources");
    const other = join(home, "other", "demo.yaml");
    const start = (file: string, ...more: string[]) => quantsmith(["run", file, "--out", folder, "--json", ...more]);
    demoCopy(join(home, "other"), () => briefRecipe);
    cpSync(join(home, "tiny-llama"), join(home, "second"), { recursive: true });
    for (const model of ["second", "other/tiny-llama"]) {
      const weights = readFileSync(join(home, model, "model.safetensors"));
      weights[weights.length - 1000] = 0x3f;
      writeFileSync(join(home, model, "model.safetensors"), weights);
    }
    writeFileSync(recipe, briefRecipe);
    expect((await start(recipe)).exitCode).toBe(0);
    const before = await sha256File(join(folder, "releases/demo/tiny-llama-Q8_0.gguf"));
    const named = briefRecipe.replace("./tiny-llama", "./second, name: tiny-llama");
    writeFileSync(recipe, named);
    const edited = await start(recipe);
    expect([edited.exitCode, JSON.parse(edited.stdout).error.code]).toEqual([4, "QS-RELEASE-FOREIGN"]);
    expect(JSON.parse(edited.stdout).error.message).toContain(`another source: ${join(home, "tiny-llama")}`);
    rmSync(recipe);
    const twin = await start(other);
    expect([twin.exitCode, JSON.parse(twin.stdout).error.code]).toEqual([4, "QS-RELEASE-FOREIGN"]);
    expect(await sha256File(join(folder, "releases/demo/tiny-llama-Q8_0.gguf"))).toBe(before);
    const replaced = await start(other, "--replace");
    expect([replaced.exitCode, readdirSync(join(folder, "releases")).sort()]).toEqual([
      0,
      [".demo.json", "demo", "demo.replaced-1"],
    ]);
    expect(await sha256File(join(folder, "releases/demo.replaced-1/tiny-llama-Q8_0.gguf"))).toBe(before);
    writeFileSync(recipe, briefRecipe);
  });

  test("a released file that was edited in place, which has changed the store, is built again", async () => {
    const folder = join(home, "sources");
    const file = join(folder, "releases/demo/tiny-llama-Q8_0.gguf");
    const other = join(home, "other", "demo.yaml");
    const start = (...more: string[]) => quantsmith(["run", other, "--out", folder, "--json", ...more]);
    const before = await sha256File(file);
    const descriptor = openSync(file, "r+");
    writeSync(descriptor, "!", 100_000);
    closeSync(descriptor);
    const edited = await sha256File(file);
    const refused = await start();
    expect([refused.exitCode, JSON.parse(refused.stdout).error.code]).toEqual([4, "QS-RELEASE-FOREIGN"]);
    expect([edited === before, await sha256File(file)]).toEqual([false, edited]);
    const replaced = await start("--replace");
    expect([replaced.exitCode, statuses(replaced)]).toEqual([0, expect.objectContaining({ "quantize:Q8_0": "built" })]);
    expect(await sha256File(file)).toBe(before);
    expect(await sha256File(join(folder, "releases/demo.replaced-2/tiny-llama-Q8_0.gguf"))).toBe(edited);
  });

  test("detects a text or model that changes during the run, and keeps no output built from it", async () => {
    const folder = join(home, "changing");
    const mine = demoCopy(folder, () => briefRecipe);
    const weights = join(folder, "tiny-llama", "model.safetensors");
    const original = readFileSync(weights);
    const store = join(folder, "out", "store");
    const fetched = () => existsSync(store) && readdirSync(store).some((name) => name.startsWith("fetch-"));
    // While another process holds the compute lock, the run stops after the snapshot.
    const computing = join(store, ".locks", `compute-${hostname().replace(/[^\w.-]/g, "_")}.lock`);
    const running = await withLock(computing, {}, async () => {
      const run = quantsmith(["run", mine, "--out", join(folder, "out"), "--json"]);
      await until(fetched);
      const changed = Buffer.from(original);
      changed[changed.length - 1000] = 0x3f;
      writeFileSync(weights, changed);
      return { run };
    });
    const first = await running.run;
    expect([first.exitCode, report(first).error?.code]).toEqual([2, "QS-INPUT-CHANGED"]);
    expect(readdirSync(store).filter((name) => name.startsWith("convert-"))).toEqual([]);
    writeFileSync(weights, original);
    expect((await quantsmith(["run", mine, "--out", join(folder, "out")])).exitCode).toBe(0);
  });
});

test("usage errors with --json are one JSON document with a code and a remedy", async () => {
  for (const args of [["run"], ["run", "x.yaml", "--bogus"], ["nosuch"], ["cache", "gc"], ["check"]]) {
    const { stdout, exitCode } = await quantsmith([...args, "--json"]);
    expect([exitCode, JSON.parse(stdout).error.code], args.join(" ")).toEqual([2, "QS-USAGE"]);
  }
});
