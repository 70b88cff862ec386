import { measureMemory } from "../../src/hardware/memory/measure-memory.js";
import type { MemoryConfiguration, MemoryEstimate } from "../../src/hardware/memory/memory.js";
import { residentBytes } from "../../src/hardware/memory/memory-at.js";
import type { Toolchain } from "../../src/llamacpp/toolchain/tools.js";
import type { BenchFile } from "./bench-files.js";
import { measuredPeak } from "./measured-peak.js";

const mebibyte = 2 ** 20;

/** Every context with both cache types, and the longest also without flash attention. */
function configurations({ contexts }: BenchFile): MemoryConfiguration[] {
  const longest = Math.max(...contexts);
  return [
    ...contexts.map((context) => ({ context, kvType: "f16" as const, flashAttention: true })),
    { context: longest, kvType: "q8_0", flashAttention: true },
    { context: longest, kvType: "f16", flashAttention: false },
  ];
}

/** Compares the predicted with the measured peak of resident memory, with loaded weights; prints each residual. */
export async function comparePeaks(
  files: readonly BenchFile[],
  toolchain: Toolchain,
  print: (line: string) => void,
): Promise<void> {
  print("| file | context | cache | flash | weights | cache | compute | overhead | predicted | measured MiB | error |");
  print(`|${" --- |".repeat(11)}`);
  const errors: number[] = [];
  for (const file of files) {
    const runs = configurations(file);
    const { estimates } = await measureMemory(file.path, { configurations: runs });
    for (const estimate of estimates) {
      const { bytes } = await measuredPeak(toolchain, file.path, estimate);
      const error = 100 * (residentBytes(estimate) / bytes - 1);
      errors.push(error);
      print(row(file.name, estimate, bytes, error));
    }
  }
  const worst = errors.map(Math.abs).sort((a, b) => a - b)[Math.ceil(errors.length * 0.95) - 1] ?? Number.NaN;
  print(
    `${errors.length} configurations: p95 of the error ${worst.toFixed(2)} %, lowest ${signed(Math.min(...errors))},`,
  );
  print(`highest ${signed(Math.max(...errors))} (target: p95 within 5 %, never below -2 %)`);
}

function row(name: string, estimate: MemoryEstimate, measured: number, error: number): string {
  const { context, kvType, flashAttention, weightsBytes, kvBytes, computeBytes, untouchedBytes, overheadBytes } =
    estimate;
  const parts = [
    weightsBytes,
    kvBytes,
    computeBytes - (untouchedBytes ?? 0),
    overheadBytes,
    residentBytes(estimate),
    measured,
  ];
  const cells = [name, context, kvType, flashAttention ? "on" : "off", ...parts.map((b) => (b / mebibyte).toFixed(2))];
  return `| ${[...cells, signed(error)].join(" | ")} |`;
}

const signed = (percent: number) => `${percent < 0 ? "" : "+"}${percent.toFixed(2)} %`;
