import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { crashTest } from "../../bench/crash.js";
import { plan } from "../../src/cli/commands/plan.js";
import type { StepRecord } from "../../src/engine/record.js";
import type { RunReport } from "../../src/release/release-report.js";
import { listFiles } from "../../src/util/files.js";
import { sha256File } from "../../src/util/sha256.js";
import { briefRecipe, cliFile, demoCopy, demoRecipe, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/* The engine's guarantees on the real flow. The tests share one finished store. */
const home = temporaryFolder();
const out = join(home, "out");
let recipe: string;

const statusesOf = (stdout: string) => {
  const { steps } = JSON.parse(stdout) as Pick<RunReport, "steps">;
  return Object.fromEntries(steps.map(({ id, status }) => [id, status]));
};

beforeAll(async () => {
  recipe = demoCopy(join(home, "demo"), () => briefRecipe);
  const { exitCode } = await quantsmith(["run", recipe, "--out", out]);
  expect(exitCode).toBe(0);
});

/** The steps of the recipe. */
const everything = [
  "fetch",
  "convert",
  "calibrate",
  "validate:base",
  "validate:base:noise",
  "smoke:base",
  "quantize:Q8_0",
  "validate:Q8_0:structure",
  "validate:Q8_0",
  "smoke:Q8_0",
  "package:Q8_0:memory",
  "package",
];

/** The output of `quantsmith plan --json`, without the half second of a process start. */
async function plannedSteps(recipe: string): Promise<{ id: string; status: string }[]> {
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await plan(recipe, { out, json: true });
    return JSON.parse(printed.mock.calls.map(([text]) => text).join("")).steps;
  } finally {
    printed.mockRestore();
  }
}

describe("a change of one part of a key rebuilds exactly the dependent steps", () => {
  const from = (step: string) => everything.slice(everything.indexOf(step));
  const calibrated = ["calibrate", ...from("quantize:Q8_0")];
  const edits: [string, (folder: string) => void, string[]][] = [
    ["nothing", () => {}, []],
    ["the model's name", text(["source: ./tiny-llama", "source: ./tiny-llama, name: other"]), from("convert")],
    ["the outtype", text(["variants:", "convert: { outtype: f16 }\nvariants:"]), from("convert")],
    ["calibration chunks", text(["calibration.txt, chunks: 4", "calibration.txt, chunks: 5"]), calibrated],
    [
      "calibration context",
      text(["calibration.txt, chunks: 4, context: 128", "calibration.txt, chunks: 4, context: 64"]),
      calibrated,
    ],
    [
      "evaluation chunks",
      text(["evaluation.txt, chunks: 4", "evaluation.txt, chunks: 5"]),
      ["validate:base", "validate:base:noise", "validate:Q8_0", "package"],
    ],
    [
      "evaluation context",
      text(["evaluation.txt, chunks: 4, context: 128", "evaluation.txt, chunks: 4, context: 64"]),
      ["validate:base", "validate:base:noise", "validate:Q8_0", "package"],
    ],
    [
      "a variant's preset under the same name",
      text(["[Q8_0]", "[{ name: Q8_0, preset: Q6_K }]"]),
      ["quantize:Q8_0", "validate:Q8_0:structure", "validate:Q8_0", "smoke:Q8_0", "package:Q8_0:memory", "package"],
    ],
    [
      "a tensor rule",
      text(["[Q8_0]", "[{ name: Q8_0, preset: Q8_0, tensors: { attn_v: F16 } }]"]),
      ["quantize:Q8_0", "validate:Q8_0:structure", "validate:Q8_0", "smoke:Q8_0", "package:Q8_0:memory", "package"],
    ],
    ["a smoke prompt", text(["matches: Paris", "matches: France"]), ["smoke:base", "smoke:Q8_0", "package"]],
    ["a gate", text(["smoke:", "gates: { kldMean: { max: 0.9 } }\nsmoke:"]), ["validate:Q8_0", "package"]],
    ["the search text, which no step reads", append("text/search.txt"), []],
    ["the calibration text", append("text/calibration.txt"), calibrated],
    [
      "the evaluation text",
      append("text/evaluation.txt"),
      ["validate:base", "validate:base:noise", "validate:Q8_0", "package"],
    ],
    ["a file of the model", append("tiny-llama/README.md"), everything],
    ["only the mtimes of all files", touchAll, []],
    ["the folder's place", () => {}, []],
  ];

  function text([find, to]: [string, string]) {
    return (folder: string) => writeFileSync(join(folder, "demo.yaml"), briefRecipe.replace(find, to));
  }
  function append(file: string) {
    return (folder: string) =>
      writeFileSync(join(folder, file), `${readFileSync(join(folder, file), "utf8")}\nMore.\n`);
  }
  function touchAll(folder: string) {
    for (const file of readdirSync(join(folder, "tiny-llama"))) utimesSync(join(folder, "tiny-llama", file), 1, 1);
  }

  test.each(edits)("%s", async (what, edit, expected) => {
    const folder = join(home, `edit-${what.replaceAll(" ", "-")}`);
    const copy = demoCopy(folder, () => briefRecipe);
    edit(folder);
    const steps = await plannedSteps(copy);
    // The search text is part of the lock file, so only the package is rebuilt.
    const lockOnly = what.startsWith("the search text") ? [] : expected;
    expect(steps.filter(({ status }) => status !== "cached").map(({ id }) => id)).toEqual(lockOnly);
  });
});

test("plan predicts a variant's size within one percent, and never too small", async () => {
  const variants = "[Q5_K_M, { name: Q4_K_S, dynamic: { sizeOf: Q5_K_M } }]";
  const copy = demoCopy(join(home, "predict"), () => briefRecipe.replace("[Q8_0]", variants));
  const { stdout } = await quantsmith(["plan", copy, "--out", out, "--json"]);
  const { steps } = JSON.parse(stdout) as { steps: { id: string; predictedBytes: number }[] };
  const predictedOf = (id: string) => steps.find((step) => step.id === id)?.predictedBytes ?? 0;
  const predicted = predictedOf("quantize:Q5_K_M");
  // Before the allocation: the preset's size, and a high estimate of the vocabulary.
  expect(predictedOf("quantize:Q4_K_S")).toBeLessThan(predicted + 2 ** 20 + 64 * 4096);
  const run = ["run", copy, "--out", out, "--until", "quantize", "--variant", "Q5_K_M"];
  await quantsmith(run);
  const { stdout: after } = await quantsmith([...run, "--json"]);
  const bytes = (JSON.parse(after) as RunReport).variants[0]?.bytes ?? 0;
  expect(predicted).toBeGreaterThanOrEqual(bytes);
  expect(predicted).toBeLessThan(bytes * 1.01);
});

/**
 * Flips a bit in the middle of a step's largest output and keeps its times. Files in `flipped`, by inode, stay as they are:
 * the release and the store share files.
 */
function flipBit(
  { folder, record }: { folder: string; record: StepRecord },
  flipped: Set<number>,
): { path: string; sha256: string } {
  const largest = [...record.outputs].sort((a, b) => b.bytes - a.bytes)[0];
  if (largest === undefined) throw new Error(`${record.step} has no output`);
  const path = join(folder, largest.path);
  const { atime, mtime, ino } = statSync(path);
  if (flipped.has(ino)) return { path, sha256: largest.sha256 };
  flipped.add(ino);
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 4;
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
  return { path, sha256: largest.sha256 };
}

test("--verify detects a flipped bit in any stored output, and the rebuilt output is the same", async () => {
  const records = readdirSync(join(out, "store"))
    .filter((name) => existsSync(join(out, "store", name, "record.json")))
    .map((name) => ({
      folder: join(out, "store", name),
      record: JSON.parse(readFileSync(join(out, "store", name, "record.json"), "utf8")) as StepRecord,
    }))
    .filter(({ record }) => record.recipe === "demo" && !record.step.includes("Q5_K_M") && record.step !== "fetch");
  // All steps of the first run except fetch, whose output is the user's folder.
  expect(records.map(({ record }) => record.step).sort()).toEqual(everything.filter((step) => step !== "fetch").sort());
  // Damages every second step at a time, so that steps are rebuilt both from intact and from rebuilt inputs.
  for (const half of [0, 1]) {
    const flipped = new Set<number>();
    const damaged = records
      .filter((_, index) => index % 2 === half)
      .map((one) => ({ ...one, ...flipBit(one, flipped) }));
    // The release has hard links to the damaged files, so it counts as changed.
    const args = ["run", recipe, "--out", out, "--verify", "--json"];
    if (half === 0) expect(JSON.parse((await quantsmith(args)).stdout).error.code).toBe("QS-RELEASE-FOREIGN");
    const { stdout, exitCode } = await quantsmith([...args, "--replace"]);
    expect(exitCode).toBe(0);
    const built = Object.entries(statusesOf(stdout)).flatMap(([step, status]) => (status === "built" ? [step] : []));
    expect(built).toEqual(expect.arrayContaining(damaged.map(({ record }) => record.step)));
    for (const { path, sha256 } of damaged) {
      if (!path.endsWith("release.json")) expect(await sha256File(path)).toBe(sha256);
    }
  }
  const sums = readFileSync(join(out, "releases/demo/SHA256SUMS"), "utf8").trim().split("\n");
  for (const line of sums) expect(await sha256File(join(out, "releases/demo", line.slice(66)))).toBe(line.slice(0, 64));
});

const start = (folder: string, args: string[] = []) =>
  spawn(process.execPath, [cliFile, "run", recipe, "--out", folder, ...args], {
    stdio: "ignore",
    env: { ...process.env, CI: "true" },
  });
const ended = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once("exit", (code) => resolve(code));
  });

/** Processes whose working directory is inside a folder: llama.cpp tools and smoke children run in their scratch folder. */
function workersIn(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
      } catch {
        return false;
      }
    });
}

/** Events of the runs in a folder so far; a run creates its folder shortly before its log. */
function eventLogs(folder: string): { run: string; text: string }[] {
  const runs = existsSync(join(folder, "runs")) ? readdirSync(join(folder, "runs")) : [];
  return runs.flatMap((run) => {
    const log = join(folder, "runs", run, "events.ndjson");
    return existsSync(log) ? [{ run, text: readFileSync(log, "utf8") }] : [];
  });
}

test.runIf(process.platform === "linux")(
  "after kill -9, no native tool is running, and the next run cleans up and continues",
  async () => {
    const folder = join(home, "killed");
    const child = start(folder);
    await until(() => workersIn(folder).length > 0);
    child.kill("SIGKILL");
    await ended(child);
    await until(() => workersIn(folder).length === 0);
    expect(readdirSync(join(folder, "tmp"))).toHaveLength(1);
    expect(await ended(start(folder))).toBe(0);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  },
);

test("an interrupt exits with code 130 without partial outputs, and a second run continues", async () => {
  const folder = join(home, "interrupted");
  const child = start(folder);
  const store = join(folder, "store");
  await until(() => existsSync(store) && readdirSync(store).some((name) => name.startsWith("convert-")));
  child.kill("SIGINT");
  expect(await ended(child)).toBe(130);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  expect(readdirSync(join(folder, "releases"))).toEqual([]);
  const { stdout, exitCode } = await quantsmith(["run", recipe, "--out", folder, "--json"]);
  expect([exitCode, statusesOf(stdout).convert]).toEqual([0, "cached"]);
});

test("four concurrent runs of one recipe, one killed: one result, each step built once by the others", async () => {
  const folder = join(home, "four");
  const children = [0, 1, 2, 3].map(() => start(folder));
  // The first run to start a step holds the locks.
  const holder = await until(() => {
    const busy = eventLogs(folder).find(({ text }) => text.includes('"step-started","id":"convert"'));
    return busy === undefined ? undefined : Number(busy.run.split("-").at(-1));
  });
  process.kill(holder, "SIGKILL");
  const codes = await Promise.all(children.map(ended));
  expect(codes.filter((code) => code === 0)).toHaveLength(3);
  const built = eventLogs(folder)
    .flatMap(({ text }) => text.split("\n"))
    .flatMap((line) => /"type":"step-finished","id":"([^"]+)","status":"built"/.exec(line)?.[1] ?? []);
  expect(built.sort()).toEqual([...new Set(built)].sort());
  expect((await listFiles(join(folder, "releases", "demo"))).length).toBeGreaterThan(4);
  // The next run removes the killed run's leftovers, unless a later one has done so.
  expect(await ended(start(folder))).toBe(0);
  expect(readdirSync(join(folder, "tmp"))).toEqual([]);
});

describe.runIf(process.getuid?.() === 0)("a full disk (needs root to mount a small one)", () => {
  const small = (name: string) => {
    const folder = join(home, name);
    mkdirSync(folder);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200M", "tmpfs", folder]);
    return { folder, out: join(folder, "out"), filler: join(folder, "filler"), leave };
    function leave(bytes: number): void {
      const { bavail, bsize } = statfsSync(folder);
      try {
        writeFileSync(join(folder, "filler"), Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
      } catch (error) {
        // A concurrent run has used some of the space, so the disk is full.
        if (bytes > 0 || (error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
  };
  const run = async (recipe: string, out: string, ...more: string[]) => {
    const { stdout, exitCode } = await quantsmith(["run", recipe, "--out", out, "--json", ...more]);
    const { error } = JSON.parse(stdout) as { error?: { code: string } };
    return { exitCode, code: error?.code, stdout };
  };

  test("each stage fails before it writes, leaves no files, and continues when there is space", async () => {
    const { folder, out, filler, leave } = small("before");
    try {
      for (const stage of ["fetch", "convert", "calibrate", "quantize", "validate", "smoke", "package"]) {
        leave(60e6); // less than the required margin
        expect(await run(recipe, out, "--until", stage), stage).toMatchObject({ exitCode: 4, code: "QS-DISK-SPACE" });
        expect(readdirSync(join(out, "tmp"))).toEqual([]);
        rmSync(filler);
        expect(await run(recipe, out, "--until", stage), stage).toMatchObject({ exitCode: 0 });
      }
      expect(existsSync(join(out, "releases", "demo", "SHA256SUMS"))).toBe(true);
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  test("the disk fills while a step writes: the step is stopped, the next run continues", async () => {
    const { folder, out, filler, leave } = small("meanwhile");
    // Long enough that the first tool is still running when the disk is full.
    const long = demoCopy(join(home, "long"), () => demoRecipe);
    const running = run(long, out);
    try {
      await until(() => workersIn(out).length > 0);
      leave(0);
      expect(await running).toMatchObject({ exitCode: 4, code: "QS-DISK-FULL" });
      expect(existsSync(join(out, "releases", "demo"))).toBe(false);
      rmSync(filler);
      const second = await run(long, out);
      expect([second.exitCode, statusesOf(second.stdout).fetch]).toEqual([0, "cached"]);
    } finally {
      await running;
      execFileSync("umount", [folder]);
    }
  });
});

test("a fully cached run starts no process", async () => {
  const trace = join(home, "trace");
  const spy = join(home, "spy.cjs");
  writeFileSync(
    spy,
    `const cp = require("node:child_process"); const fs = require("node:fs");
     for (const name of ["spawn", "spawnSync", "execFile", "fork"]) {
       const real = cp[name]; cp[name] = (...args) => { fs.appendFileSync(${JSON.stringify(trace)}, name + " " + args[0] + "\\n"); return real(...args); };
     }
     require("node:module").syncBuiltinESMExports();`,
  );
  const { exitCode } = await quantsmith(["run", recipe, "--out", out], { env: { NODE_OPTIONS: `--require ${spy}` } });
  expect(exitCode).toBe(0);
  expect(existsSync(trace)).toBe(false);
  await quantsmith(["run", recipe, "--out", out, "--fresh", "--only", "quantize"], {
    env: { NODE_OPTIONS: `--require ${spy}` },
  });
  expect(readFileSync(trace, "utf8")).toContain("spawn");
});

test("10 kills at random times: no lost, wrong or partial output, no finished step repeated", async () => {
  const result = await crashTest({ kills: 10, seed: 7, recipe, print: () => {} });
  expect(result).toMatchObject({ kills: 10, lost: [], wrong: [], partial: [], repeated: [] });
});
