/**
 * The memory simulation's child process: loads models without their weights (llama.cpp's `no_alloc`) and reads from the
 * allocator the memory of each run configuration. A separate process, since an invalid header may crash native code.
 */
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type EngineContext, type EngineModel, startEngine } from "./engine.js";
import { findReason, lastContextLine, readContextLines } from "./log-lines.js";
import type { RunBytes, SimulatedRun, SimulationMessage, SimulationRequest } from "./protocol.js";

// biome-ignore lint/plugin: the channel to the parent process
const send = (message: SimulationMessage) => process.stdout.write(`${JSON.stringify(message)}\n`);
/** Limit of the wait for log lines, which native threads deliver through the event loop. */
const lateLineMs = 5000;

async function main(): Promise<void> {
  const { files, batch } = JSON.parse(await text(process.stdin)) as SimulationRequest;
  const engine = await startEngine();
  send({ kind: "ready" });
  for (const [file, { path, runs }] of files.entries()) {
    engine.log.length = 0;
    try {
      const model = engine.model(path);
      if (!(await model.init())) throw new Error(await reasonOf(engine.log));
      const weights = totalOf(model);
      const simulated: (RunBytes | null)[] = [];
      for (const run of runs) simulated.push(await simulate(engine, model, run, batch));
      send({ kind: "simulated", file, weights, runs: simulated });
      await model.dispose();
    } catch (error) {
      send({ kind: "failed", file, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  await engine.dispose();
}

type Engine = Awaited<ReturnType<typeof startEngine>>;

async function simulate(
  engine: Engine,
  model: EngineModel,
  run: SimulatedRun,
  batch: number,
): Promise<RunBytes | null> {
  engine.log.length = 0;
  const context = engine.context(model, run, batch);
  if (!(await context.init().catch(() => false))) return null;
  const total = totalOf(context);
  const lines = await contextLines(engine.log);
  await context.dispose();
  const { cache, output } = readContextLines(lines);
  return { kv: cache, compute: total - cache + output };
}

const totalOf = (part: EngineModel | EngineContext) => {
  const { cpuRam, gpuVram } = part.getMemoryBreakdown();
  return cpuRam + gpuVram;
};

async function contextLines(log: readonly string[]): Promise<readonly string[]> {
  const started = performance.now();
  while (!log.some((line) => lastContextLine.test(line))) {
    if (performance.now() - started > lateLineMs)
      throw new Error("llama.cpp's log does not contain the expected lines");
    await sleep(1);
  }
  return log;
}

/** Returns the reason from the log, after a wait for its last lines. */
async function reasonOf(log: readonly string[]): Promise<string> {
  await sleep(50);
  return findReason(log);
}

await main();
