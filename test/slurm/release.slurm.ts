import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outputDigests } from "../../bench/output-digests.js";
import { Cluster, type NodeName, nodeNames } from "./cluster.js";

/* Whole recipes on a real Slurm: the same bytes as a local run, even if a node and the controller are killed. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const smallLlama = process.env.QUANTSMITH_SMALL_LLAMA;
const home = mkdtempSync(join(tmpdir(), "quantsmith-slurm-release-"));
let cluster: Cluster;

/** Little text, since only bytes are compared. One core per job: both nodes are one machine with two cores. */
const pipeline = `version: 1
calibration: { chunks: 8, context: 256 }
search: { chunks: 4 }
evaluation: { chunks: 8, context: 256 }
probes: groups
executors: { slurm: { cpus: 1, memory: 2 GB, time: 1 h, parts: 2 } }
`;

const recipe = (model: string, variants: string) => `version: 1
model: { source: ${model} }
pipeline: ./slurm.yaml
calibration: { corpus: ${root}recipes/demo/text/calibration.txt }
search: { corpus: ${root}recipes/demo/text/search.txt }
evaluation: { corpus: ${root}recipes/demo/text/evaluation.txt }
variants: ${variants}
smoke:
  - { prompt: "What is the capital of France?", expect: { matches: Paris } }
`;

const recipes = {
  demo: recipe(
    `${root}recipes/demo/tiny-llama`,
    "[Q8_0, Q4_K_M, { name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }, Q3_K_M]",
  ),
  ...(smallLlama === undefined
    ? {}
    : {
        eight: recipe(
          smallLlama,
          "[Q8_0, Q6_K, Q5_K_M, Q4_K_M, { name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }, IQ4_XS, Q3_K_M, { name: Q3_K_S, dynamic: { bitsPerWeight: 3.7 } }]",
        ),
      }),
};

beforeAll(async () => {
  if (smallLlama === undefined) console.log("QUANTSMITH_SMALL_LLAMA names no model: the eight variants are left out");
  writeFileSync(join(home, "slurm.yaml"), pipeline);
  for (const [name, text] of Object.entries(recipes)) writeFileSync(join(home, `${name}.yaml`), text);
  cluster = await Cluster.start();
});

afterAll(async () => {
  await cluster?.stop();
  if (process.env.QUANTSMITH_KEEP === undefined) rmSync(home, { recursive: true, force: true });
});

function start(name: string, out: string, ...more: string[]) {
  const args = [join(root, "dist/cli/main.js"), "run", join(home, `${name}.yaml`), "--out", out, ...more];
  const log = join(home, `${name}${more.join("")}.log`);
  return execa(process.execPath, args, {
    reject: false,
    all: true,
    env: { ...cluster.env, CI: "true" },
    stdout: [{ file: log }, "pipe"],
    stderr: [{ file: log }, "pipe"],
  });
}

async function finished(run: ReturnType<typeof start>): Promise<void> {
  const { exitCode, all } = await run;
  expect(exitCode, all).toBe(0);
}

/** Jobs in the given states, including recently ended ones, with their nodes. */
async function jobs(...states: string[]): Promise<{ id: string; node: NodeName | undefined }[]> {
  const text = await cluster.run("squeue", `--states=${states}`, "--noheader", "--array", "--format=%A %B");
  return text.split("\n").flatMap((line) => {
    const [id = "", name] = line.split(" ");
    return id === "" ? [] : [{ id, node: nodeNames.find((each) => each === name) }];
  });
}

/** Kills a node and the job on it. */
async function killBusyNode(): Promise<{ id: string; node: NodeName }> {
  for (;;) {
    const node = (await jobs("RUNNING")).flatMap(({ node }) => node ?? [])[0];
    if (node === undefined) {
      await sleep(100);
      continue;
    }
    await cluster.killNode(node);
    const [lost] = (await jobs("RUNNING")).filter((job) => job.node === node);
    if (lost !== undefined) return { id: lost.id, node };
    // The job ended just before.
    cluster.startNode(node);
  }
}

const seconds = (since: number) => Math.round((performance.now() - since) / 1000);

describe.each(Object.keys(recipes))("%s", (name) => {
  const local = join(home, `${name}-local`);
  let expected: Map<string, string>;

  beforeAll(async () => {
    const started = performance.now();
    await finished(start(name, local));
    expected = await outputDigests(local);
    console.log(`${name}: locally ${seconds(started)} s, ${expected.size} outputs`);
  });

  test("gives the same digests on two nodes", async () => {
    const out = join(home, `${name}-slurm`);
    const started = performance.now();
    await finished(start(name, out, "--executor", "slurm"));
    const found = await outputDigests(out);
    console.log(`${name}: on Slurm ${seconds(started)} s`);
    expect(differences(expected, found)).toEqual({ lost: [], wrong: [] });
    expect(existsSync(join(out, "releases", name, "SHA256SUMS"))).toBe(true);
  });

  test("gives the same digests if a node and the controller are killed", async () => {
    const out = join(home, `${name}-killed`);
    mkdirSync(out);
    const run = start(name, out, "--executor", "slurm");
    const started = performance.now();
    let ended = false;
    void run.finally(() => (ended = true));
    await cluster.waitFor("some progress", () => seconds(started) > 10);
    const { id, node } = await killBusyNode();
    const nodeDied = performance.now();
    // The run must now wait for the job's second attempt, which Slurm delays by two minutes.
    await cluster.waitFor(
      "the job back in the queue",
      async () => (await jobs("PENDING")).some((job) => job.id === id),
      900,
    );
    console.log(`${name}: job ${id} of the dead node was back in the queue after ${seconds(nodeDied)} s`);
    await cluster.killController();
    const controllerDied = performance.now();
    await cluster.waitFor("some time without a controller", () => seconds(controllerDied) > 20);
    expect(ended).toBe(false);
    cluster.startController();
    await cluster.waitFor("an answer", async () => !(await cluster.nodeStates()).includes("unknown"));
    console.log(`${name}: the controller answered again after ${seconds(controllerDied)} s`);
    await cluster.waitFor(
      "a run of the job on the other node",
      async () => {
        const again = await jobs("RUNNING", "COMPLETING", "COMPLETED");
        return ended || again.some((job) => job.id === id && job.node !== node);
      },
      900,
    );
    console.log(`${name}: job ${id} ran again after ${seconds(nodeDied)} s`);
    cluster.startNode(node);
    await finished(run);
    console.log(
      `${name}: the run ended ${seconds(controllerDied)} s after the controller died, ${seconds(started)} s in all`,
    );
    expect(differences(expected, await outputDigests(out))).toEqual({ lost: [], wrong: [] });
  });
});

function differences(expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>) {
  const lost = [...expected.keys()].filter((path) => !found.has(path));
  const wrong = [...found].filter(([path, digest]) => expected.get(path) !== digest).map(([path]) => path);
  return { lost, wrong };
}
