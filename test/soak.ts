// `npm run test:soak -- --runs 100`: builds the demo again and again in one process, and fails if memory, open files,
// threads, child processes or temporary files grow.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lazyTools } from "../src/cli/lazy-tools.js";
import { loadSettings, preparePlan } from "../src/cli/prepare-plan.js";
import { EventBus } from "../src/engine/events.js";
import { finishRun } from "../src/engine/finish-run.js";
import { releaseOwner } from "../src/engine/release-owner.js";
import { runPlan } from "../src/engine/run-plan.js";
import { openWorkspace } from "../src/engine/workspace.js";
import { DigestCache } from "../src/util/digest-cache.js";

const { values } = parseArgs({ options: { runs: { type: "string", default: "100" } } });
const runs = Number(values.runs);
const recipe = fileURLToPath(new URL("../recipes/demo/demo.yaml", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "quantsmith-soak-"));
// Everything temporary is created here.
const temporary = join(home, "tmp");
process.env.TMPDIR = temporary;
mkdirSync(temporary);
/** MiB, or a count, by which the last quarter of the runs may exceed the second. */
const allowed = { heap: 4, rss: 32, files: 0, threads: 0, children: 0, scratch: 0 };
type Figures = Record<keyof typeof allowed, number>;

async function runOnce(): Promise<void> {
  const settings = await loadSettings(recipe, "preview");
  const digests = new DigestCache();
  const out = join(home, "out");
  const plan = await preparePlan(settings, { out }, digests);
  const workspace = await openWorkspace(out);
  const { signal } = new AbortController();
  try {
    const options = {
      workspace,
      events: new EventBus(),
      digests,
      signal,
      threads: availableParallelism(),
      tools: lazyTools(signal),
    };
    const outcome = await runPlan(plan, { ...options, fresh: true, verify: false });
    const owner = await releaseOwner(workspace, settings);
    const release = { workspace, name: settings.name, owner, digests, signal, replace: false, verify: false };
    const { errors } = await finishRun(plan, outcome, release);
    if (errors.length > 0) throw errors[0];
  } finally {
    await workspace.close();
  }
}

function measure(): Figures {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const tasks = readdirSync("/proc/self/task");
  const children = tasks.flatMap(
    (task) => readFileSync(`/proc/self/task/${task}/children`, "utf8").match(/\d+/g) ?? [],
  );
  const scratch = [temporary, join(home, "out/store/.partial"), join(home, "out/releases")].flatMap(entries);
  return {
    ...{ heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20, files: readdirSync("/proc/self/fd").length },
    ...{ threads: tasks.length, children: children.length, scratch: scratch.length },
  };
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const median = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
const names = Object.keys(allowed) as (keyof Figures)[];
const rounded = (figures: Figures) => names.map((name) => `${name} ${Math.round(figures[name])}`).join(", ");

try {
  const measured: Figures[] = [];
  for (let run = 1; run <= runs; run++) {
    await runOnce();
    const now = measure();
    measured.push(now);
    if (run % Math.ceil(runs / 10) === 0) process.stdout.write(`${run} runs: ${rounded(now)}\n`);
  }
  const quarter = Math.max(1, runs >> 2);
  for (const name of names) {
    const of = (from: number) => median(measured.slice(from, from + quarter).map((figures) => figures[name]));
    const growth = of(runs - quarter) - of(quarter);
    if (growth <= allowed[name]) continue;
    process.stdout.write(`${name} grew by ${growth.toFixed(1)}, more than ${allowed[name]}\n`);
    process.exitCode = 1;
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
