import { totalmem } from "node:os";
import path from "node:path";
import { measureMemory } from "../../src/hardware/memory/measure-memory.js";
import type { KvType, MemoryEstimate } from "../../src/hardware/memory/memory.js";
import { largestContextWhere, memoryAt } from "../../src/hardware/memory/memory-at.js";
import type { Toolchain } from "../../src/llamacpp/toolchain/tools.js";
import type { BenchFile } from "./bench-files.js";
import { fitBreakdown, fitContext } from "./fit-params.js";

const mebibyte = 2 ** 20;
/** Long enough that one MiB is a small part of the cache. */
const context = 131_072;
/** llama-fit-params starts its search at this context. */
const minimumContext = 4096;

/** A cache that grows by less is a recurrent state, independent of the context. */
const grownBytes = 32 * mebibyte;

/** The buffers that llama-fit-params counts. */
const counted = ({ weightsBytes, kvBytes, computeBytes }: MemoryEstimate) => weightsBytes + kvBytes + computeBytes;

/** Compares weights, caches and maximum contexts with llama-fit-params, which prints MiB rounded down. */
export async function compareFitParams(
  files: readonly BenchFile[],
  toolchain: Toolchain,
  print: (line: string) => void,
): Promise<void> {
  print("| file | cache | weights: ours | theirs | cache: ours | theirs MiB | maximum context: ours | theirs | ours |");
  print(`|${" --- |".repeat(9)}`);
  let worst = 0;
  const ratios: number[] = [];
  for (const file of files) {
    const model = await measureMemory(file.path);
    const trained = model.footprint.trainedContext ?? context;
    for (const kvType of ["f16", "q8_0"] satisfies KvType[]) {
      const setting = { kvType, flashAttention: true };
      const { estimates } = await measureMemory(file.path, { configurations: [{ context, ...setting }] });
      const [ours] = estimates;
      if (ours === undefined) continue;
      const run = { toolchain, cwd: path.dirname(file.path), threads: 2, model: path.basename(file.path), kvType };
      const theirs = await fitBreakdown({ ...run, context });
      worst = Math.max(worst, difference(ours.weightsBytes, theirs.weightsMiB), difference(ours.kvBytes, theirs.kvMiB));
      const cells: (string | number)[] = [mib(ours.weightsBytes), theirs.weightsMiB, mib(ours.kvBytes), theirs.kvMiB];
      const shortest = memoryAt(model, { context: minimumContext, ...setting });
      if (trained > 2 * minimumContext && counted(ours) - counted(shortest) > grownBytes) {
        const target = Math.ceil((counted(ours) + counted(shortest)) / 2 / mebibyte);
        const limits = { marginMiB: Math.floor(totalmem() / mebibyte) - target, minimumContext };
        const fitted = await fitContext({ ...run, ...limits });
        const budget = totalmem() - limits.marginMiB * mebibyte;
        const found =
          largestContextWhere(
            trained,
            (tokens) => counted(memoryAt(model, { context: tokens, ...setting })) <= budget,
          ) ?? 0;
        ratios.push(100 * (found / fitted - 1));
        cells.push(found, fitted, `${(100 * (found / fitted - 1)).toFixed(2)} %`);
      } else cells.push("–", "–", "–");
      print(`| ${[file.name, kvType, ...cells].join(" | ")} |`);
    }
  }
  print(`weights and caches: ${worst.toFixed(2)} % apart at most (target: 1 %)`);
  print(`maximum context: ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)} % (wanted: -5 to 0)`);
}

/** Difference in percent; 0 within the MiB lost to rounding. */
function difference(bytes: number, wholeMiB: number): number {
  const found = bytes / mebibyte;
  const apart = Math.max(wholeMiB - found, found - (wholeMiB + 1), 0);
  return (100 * apart) / Math.max(wholeMiB, 1);
}

const mib = (bytes: number) => (bytes / mebibyte).toFixed(2);
