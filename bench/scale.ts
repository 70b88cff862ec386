import { formatBytes } from "../src/util/bytes.js";
import { measureRates } from "./scale/measure-rates.js";
import type { Rates, VariantKind } from "./scale/rates.js";
import { type Place, type Release, releaseTasks } from "./scale/release-tasks.js";
import { schedule } from "./scale/schedule.js";

const gigabyte = 1e9;

/** The machines of docs/scale.md, which lists the assumptions. Prices are Hugging Face's CPU prices of 2026. */
const places: readonly Place[] = [
  {
    ...{ name: "one box", machines: 1, cores: 32, scaling: 0.8 },
    ...{ storeBytes: 2 * gigabyte, hubBytes: 0.25 * gigabyte, usdPerMachineHour: 1.9 },
  },
  {
    ...{ name: "one box with 2 × 24 GB cards", machines: 1, cores: 32, scaling: 0.8 },
    ...{ storeBytes: 2 * gigabyte, hubBytes: 0.25 * gigabyte, usdPerMachineHour: Number.NaN },
    // RTX 3090 with Llama 3 8B in F16: 4444.65 tokens/s of prompts (devices/speed/measurements.yaml, xiongjie-dai). Of each
    // card's 24 GiB, 2 are left for the desktop and llama.cpp, and 1 for caches and buffers. PCIe 4.0 × 16.
    gpu: { flops: 2 * 8.03e9 * 4444.65, memoryBytes: 2 * 21 * 2 ** 30, transferBytes: 25 * gigabyte },
  },
  {
    ...{ name: "8 Slurm nodes", machines: 8, cores: 32, scaling: 0.8 },
    ...{ storeBytes: 1 * gigabyte, hubBytes: 0.25 * gigabyte, usdPerMachineHour: 1.9 },
  },
  {
    ...{ name: "HF Jobs, 8 at once", machines: 8, cores: 32, scaling: 0.8 },
    ...{ storeBytes: 0.25 * gigabyte, hubBytes: 0.25 * gigabyte, usdPerMachineHour: 1.9 },
  },
];

function variants(kind: VariantKind, ...bits: readonly number[]): Release["variants"][number][] {
  return bits.map((bitsPerWeight, index) => ({ name: `${kind}-${index + 1}`, kind, bitsPerWeight }));
}

/** Llama-3.3-70B in 20 variants with the pipeline `release`: 200, 24 and 80 chunks of 512 tokens, probes by groups. */
const release: Release = {
  weights: 70.6e9,
  vocabulary: 128_256,
  chunks: { calibration: 200, search: 24, evaluation: 80 },
  context: 512,
  // Seven roles in the first layer and in three bands of layers, embedding, output, and the noise.
  probes: 31,
  variants: [
    ...variants("legacy", 8.5),
    ...variants("k", 6.57, 5.7, 5.52, 4.83, 4.57, 3.9, 2.96),
    ...variants("iq4", 4.25, 4.5),
    ...variants("grid", 3.7, 3.1),
    ...variants("dynamic", 5.7, 4.83, 4.57, 4.25, 3.9, 3.5, 3.1, 2.7),
  ],
};

/**
 * Measures the rate of one core for each kind of step and estimates the time of a 70B release of 20 variants on one
 * machine, on eight nodes and on HF Jobs. All but the rates are assumptions, see docs/scale.md. Takes ten minutes on two
 * cores.
 */
export async function benchScale(print: (line: string) => void): Promise<void> {
  const { rates, weights, cores } = await measureRates();
  print(`measured on ${(weights / 1e9).toFixed(2)} billion weights, ${cores} cores`);
  printRates(rates, print);
  for (const place of places) printPlace(place, rates, print);
}

function printRates(rates: Rates, print: (line: string) => void): void {
  const giga = (value: number) => (value / 1e9).toPrecision(3);
  const mega = (value: number) => (value / 1e6).toPrecision(3);
  const kinds = (of: Record<VariantKind, number>, unit: (value: number) => string) =>
    Object.entries(of)
      .map(([kind, value]) => `${kind} ${unit(value)}`)
      .join(" · ");
  print(`convert ${formatBytes(rates.convertBytes)}/s`);
  print(
    `GFLOP/s and core: imatrix ${giga(rates.imatrixFlops)} · base logits ${giga(rates.logitsFlops)} · probes ${giga(rates.probeFlops)}`,
  );
  print(`GFLOP/s and core, divergence: ${kinds(rates.divergenceFlops, giga)}`);
  print(`million weights/s and core, quantize: ${kinds(rates.quantizeWeights, mega)}`);
  print(
    `million weights/s and core, error tables: shared ${mega(rates.sharedErrorWeights)} · own ${mega(rates.ownErrorWeights)}`,
  );
}

function printPlace(place: Place, rates: Rates, print: (line: string) => void): void {
  const tasks = releaseTasks(release, rates, place);
  const { seconds, busySeconds, criticalPath } = schedule(tasks, place.machines);
  const hours = (value: number) => (value / 3600).toFixed(1);
  const sum = (of: "storeBytes" | "hubBytes") => formatBytes(tasks.reduce((total, task) => total + task[of], 0));
  const cost = (busySeconds / 3600) * place.usdPerMachineHour;
  const price = Number.isNaN(cost) ? "" : `, $${cost.toFixed(0)}`;
  print(`${place.name}: ${hours(seconds)} h, ${hours(busySeconds)} machine hours${price}`);
  print(`  store ${sum("storeBytes")}, Hub ${sum("hubBytes")}`);
  const waiting = tasks.reduce((total, task) => total + task.storeBytes / place.storeBytes, 0);
  print(`  waiting for the store: ${((100 * waiting) / busySeconds).toFixed(0)} % of the machine hours`);
  const longest = [...criticalPath].sort((a, b) => b.seconds - a.seconds).slice(0, 4);
  print(`  critical path: ${longest.map(({ id, seconds: time }) => `${id} ${hours(time)} h`).join(" · ")}`);
}
