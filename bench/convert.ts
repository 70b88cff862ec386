import { mkdtemp, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256File } from "../src/util/sha256.js";
import { runSubprocess } from "../src/util/subprocess.js";
import { makeLargeCheckpoint } from "./convert/large-checkpoint.js";

const rounds = 3;

interface Best {
  /** Wall time of the process. */
  seconds: number;
  /** Without the process start, which a run does only once. */
  stepSeconds: number;
  /** The lowest of the rounds; 0 for `cp`. */
  peakMemoryBytes: number;
}

/**
 * Converts a checkpoint of 1 GB with the native converter and with llama.cpp's, once to its own type and once to another.
 * Compares the best times with each other and with `cp`. Requires identical files. Needs 4 GB of disk.
 */
export async function benchConvert(print: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  const snapshot = join(folder, "Large-500M");
  try {
    await makeLargeCheckpoint(snapshot);
    for (const outtype of ["bf16", "f16"]) {
      const copied = unmeasured();
      const native = unmeasured();
      const upstream = unmeasured();
      for (let round = 0; round < rounds; round++) {
        await better(copied, () => copy(folder, join(snapshot, "model.safetensors")));
        const ours = await better(native, () => convert("native", snapshot, outtype, folder));
        const theirs = await better(upstream, () => convert("upstream", snapshot, outtype, folder));
        if (ours !== theirs) throw new Error("the two converters wrote different files");
      }
      print(`to ${outtype}, load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores`);
      print(`  cp        ${copied.seconds.toFixed(2)} s`);
      print(`  native    ${words(native)}`);
      print(`  upstream  ${words(upstream)}`);
      print(`  native / upstream: time ${ratio(native.seconds, upstream.seconds)} (at most 0.5)`);
      print(`  native / upstream: memory ${ratio(native.peakMemoryBytes, upstream.peakMemoryBytes)} (at most 0.5)`);
      print(`  native / cp: throughput ${ratio(copied.seconds, native.stepSeconds)} (at least 0.6)`);
      print(`  native / cp, with the start of its process: ${ratio(copied.seconds, native.seconds)}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Timed extends Best {
  digest: string;
}

async function copy(folder: string, file: string): Promise<Timed> {
  const to = join(folder, "copy");
  const { seconds } = await run("/bin/cp", [file, to], folder);
  await rm(to);
  return { seconds, stepSeconds: seconds, peakMemoryBytes: 0, digest: "" };
}

async function convert(
  engine: "native" | "upstream",
  snapshot: string,
  outtype: string,
  folder: string,
): Promise<Timed> {
  const script = fileURLToPath(new URL("./convert/convert-step.ts", import.meta.url));
  const cwd = await mkdtemp(join(folder, `${engine}-`));
  const result = await run(process.execPath, [...process.execArgv, script, engine, snapshot, outtype, cwd], cwd);
  const told = JSON.parse(result.stdout) as { seconds: number; peakMemoryBytes?: number };
  const digest = await sha256File(join(cwd, "out", "model.gguf"));
  await rm(cwd, { recursive: true });
  const peakMemoryBytes = told.peakMemoryBytes ?? result.peakMemoryBytes;
  return { seconds: result.seconds, stepSeconds: told.seconds, peakMemoryBytes, digest };
}

async function better(best: Best, measure: () => Promise<Timed>): Promise<string> {
  const { seconds, stepSeconds, peakMemoryBytes, digest } = await measure();
  best.seconds = Math.min(best.seconds, seconds);
  best.stepSeconds = Math.min(best.stepSeconds, stepSeconds);
  best.peakMemoryBytes = Math.min(best.peakMemoryBytes, peakMemoryBytes);
  return digest;
}

async function run(file: string, args: string[], cwd: string) {
  const result = await runSubprocess({ file, args, cwd });
  if (result.exitCode !== 0) throw new Error(`${file} failed: ${result.tail}`);
  return result;
}

function unmeasured(): Best {
  const never = Number.POSITIVE_INFINITY;
  return { seconds: never, stepSeconds: never, peakMemoryBytes: never };
}

function words({ seconds, stepSeconds, peakMemoryBytes }: Best): string {
  const memory = `${(peakMemoryBytes / 1e6).toFixed(0)} MB of memory`;
  return `${seconds.toFixed(2)} s, the step alone ${stepSeconds.toFixed(2)} s; ${memory}`;
}

function ratio(a: number, b: number): string {
  return (a / b).toFixed(2);
}
