import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cliFile, demoCopy, quantsmith } from "../fixtures/cli.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { mounted } from "../fixtures/hub-server/job-machines.js";
import { canary } from "../fixtures/publish-client.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/* End to end: `run --executor hf-jobs`, real HTTP, real workers on a folder instead of the bucket. */
const home = temporaryFolder();
const local = join(home, "local");
const bucket = join(home, "bucket");
const out = join(bucket, "runs");
let hub: Hub;
let recipe: string;

const pipeline = `version: 1
stages: [fetch, convert, calibrate, quantize, validate, package]
calibration: { chunks: 4, context: 128 }
evaluation: { chunks: 2, context: 128 }
quantize: { rounding: feedback }
executors:
  hfJobs: { image: "registry.example/me/quantsmith:1", flavor: cpu-basic, bucket: me/store/runs, timeout: 10 min }
`;

const withoutSmoke = (text: string) => text.replace(/smoke:.*/s, "");

beforeAll(async () => {
  recipe = demoCopy(join(home, "demo"), (text) =>
    withoutSmoke(text).replace("pipeline: preview", "pipeline: ./own.yaml"),
  );
  writeFileSync(join(home, "demo", "own.yaml"), pipeline);
  const { exitCode, stderr } = await quantsmith(["run", recipe, "--out", local]);
  expect(exitCode, stderr).toBe(0);
  // Conversion reads the checkpoint, which jobs cannot access, and is the longest step here.
  mkdirSync(join(out, "store"), { recursive: true });
  for (const name of readdirSync(join(local, "store")).filter((one) => one.startsWith("convert-"))) {
    cpSync(join(local, "store", name), join(out, "store", name), { recursive: true });
  }
  hub = await Hub.start();
  hub.token = canary;
  hub.namespaces.add("me");
  hub.machines.buckets.set("me/store", bucket);
  // Tools and the Python environment are in the user's cache; the container's image contains them.
  hub.machines.environment = {
    HOME: homedir(),
    ...pick("XDG_CACHE_HOME", "QUANTSMITH_LLAMA_CPP", "QUANTSMITH_PYTHON"),
  };
  hub.machines.images.set("registry.example/me/quantsmith:1", ([, ...args], mounts) => [
    ...[process.execPath, cliFile],
    ...mounted(args, new Map([...mounts, ["/tmp", join(home, "machine")]])),
  ]);
});
afterAll(() => hub?.close());

function pick(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

const environment = () => ({ HF_ENDPOINT: hub.url, HF_TOKEN: canary, HF_HOME: join(home, "hf") });
const args = () => ["run", recipe, "--out", out, "--executor", "hf-jobs"];

function sums(folder: string): string {
  return readFileSync(join(folder, "releases", "demo", "SHA256SUMS"), "utf8");
}

/** Text files in a folder that contain the token. */
function leaks(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return paths.filter((path) => !path.endsWith(".gguf") && readFileSync(path).includes(canary));
}

test("writes no event, text or weight into a public bucket", async () => {
  hub.machines.publicBuckets.add("me/store");
  const { exitCode, stderr } = await quantsmith([...args(), "--max-cost", "1"], { env: environment() });
  hub.machines.publicBuckets.delete("me/store");
  expect(exitCode, stderr).toBe(2);
  expect(stderr).toContain("QS-JOBS-BUCKET");
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const own = files.filter(({ parentPath }) => !parentPath.includes("/convert-"));
  // The run's log of events exists, and is empty.
  expect(own.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"))).toEqual([""]);
  expect(hub.machines.jobs).toEqual([]);
});

test("starts nothing without a cost limit", async () => {
  const { exitCode, stderr } = await quantsmith([...args()], { env: environment() });
  expect(exitCode, stderr).toBe(2);
  expect(stderr).toMatch(/QS-JOBS-COST/);
  expect(stderr).toMatch(/\d+ jobs of at most 10 min on cpu-basic \(\$0\.01 an hour\) cost at most \$0\.0\d/);
  expect(hub.machines.jobs).toEqual([]);
});

test("a killed run is resumed: same release as locally, no step repeated, no token in any file", async () => {
  const first = spawn(process.execPath, [cliFile, ...args(), "--max-cost", "1"], {
    env: { ...process.env, ...environment(), CI: "true" },
    stdio: "ignore",
  });
  await running(first);
  first.kill("SIGKILL");
  const { exitCode, stdout, stderr } = await quantsmith([...args(), "--max-cost", "1", "--json"], {
    env: environment(),
  });
  expect(exitCode, stderr).toBe(0);
  expect(sums(out)).toBe(sums(local));
  expect(JSON.parse(stdout).variants).toMatchObject([{ name: "Q8_0", gate: "passed" }]);
  const names = hub.machines.jobs.map(({ name }) => name);
  expect(names.length).toBeGreaterThan(2);
  expect(new Set(names).size).toBe(names.length);
  expect(hub.machines.jobs.map(({ stage }) => stage)).toEqual(names.map(() => "COMPLETED"));
  // The workers' output reaches the run; only the second run started the last step.
  expect(stderr).toMatch(/validate:Q8_0: .*validate:Q8_0/);
  expect(leaks(bucket)).toEqual([]);
  // No job needs the recipe's texts any more.
  expect(readdirSync(join(out, "store", ".jobs", "files"))).toEqual([]);
  // Each job built on its machine's disk and left no files there.
  expect(readdirSync(join(home, "machine", "quantsmith"))).toEqual([]);
  expect(stderr + stdout).not.toContain(canary);
  expect(hub.violations).toEqual([]);
});

/** Waits until the first job runs. */
async function running(run: ChildProcess): Promise<void> {
  const ended = once(run, "exit").then(() => {
    throw new Error("the run ended before a job was started");
  });
  ended.catch(() => undefined);
  await Promise.race([until(() => hub.machines.jobs.some(({ stage }) => stage === "RUNNING")), ended]);
}

test("a step that fails in a job fails like a local one", async () => {
  const broken = join(home, "broken.txt");
  writeFileSync(broken, "too short");
  const short = demoCopy(
    join(home, "short"),
    (text) =>
      withoutSmoke(text)
        .replace("pipeline: preview", "pipeline: ../demo/own.yaml")
        .replace("./text/evaluation.txt", broken),
    "short",
  );
  const { exitCode, stderr } = await quantsmith(["run", short, ...args().slice(2), "--max-cost", "1"], {
    env: environment(),
  });
  expect(exitCode, stderr).toBe(2);
  expect(stderr).toContain("QS-VALIDATE-TEXT-SHORT");
  expect(existsSync(join(out, "store", ".jobs"))).toBe(true);
});
