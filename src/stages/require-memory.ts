import { tokenCount } from "../gguf/placeholder-tokens.js";
import { readGguf } from "../gguf/read-header.js";
import {
  availableBytes,
  type EvaluatedText,
  estimateEvaluationBytes,
  evaluationBytes,
} from "../hardware/memory/evaluation.js";
import { formatBytes } from "../util/bytes.js";
import { QuantsmithError } from "../util/errors.js";
import { usableMemoryBytes } from "../util/usable-memory.js";
import { requiredInput, type StageContext } from "./stage.js";

/** Bits per weight of Q8_0 as a share of 16. */
const copyShare = 8.5 / 16;

/**
 * Compares the memory that the input `model` needs for a text with chunks of `context` tokens with what host and devices
 * have. A model that does not fit is an error if the step requires it (`StageContext.requiresMemory`), and otherwise a
 * note. Throws QS-COMPUTE-BASE.
 */
export async function requireMemory(context: StageContext, chunkTokens: number): Promise<void> {
  const path = requiredInput(context, "model");
  const gguf = await readGguf(path);
  const text = { vocabulary: tokenCount(gguf), context: chunkTokens };
  const available = availableBytes(await usableMemoryBytes(), context.compute);
  // llama.cpp's allocator takes a process of its own, and is only needed near the limit.
  if (2 * estimateEvaluationBytes(gguf.fileBytes, text) <= available) return;
  const needed = await evaluationBytes(path, text, context.signal);
  if (needed <= available) return;
  const message = `evaluating the model needs ${formatBytes(needed)} of memory, ${formatBytes(gguf.fileBytes)} of it for the weights, and ${describeAvailable(available, context)}`;
  if (!context.requiresMemory) {
    context.note(`warning: ${message}; what does not fit is read from the disk for each batch`);
    return;
  }
  const isCopy = gguf.tensors.some(({ type }) => type.name === "Q8_0");
  const kept = gguf.tensors.reduce((sum, { type, bytes }) => sum + (type.quantized ? bytes : 0), 0);
  const copy = isCopy ? undefined : copyBytes(gguf.fileBytes, kept, text);
  throw new QuantsmithError("QS-COMPUTE-BASE", message, { remedy: baseRemedy(copy, available) });
}

/** Returns the estimated bytes of evaluating a Q8_0 copy of a base; `keptBytes` of it are already quantized. */
export function copyBytes(baseBytes: number, keptBytes: number, text: EvaluatedText): number {
  return estimateEvaluationBytes((baseBytes - keptBytes) * copyShare + keptBytes, text);
}

/** Says what to set if a base exceeds the memory. `copy`: the bytes that a Q8_0 copy needs; undefined for the copy itself. */
export function baseRemedy(copy: number | undefined, available: number): string {
  const fromDisk = "`compute: { base: 16bit }`, which reads what does not fit from the disk for each batch";
  if (copy === undefined || copy > available) return `Use a machine with more memory, or set ${fromDisk}.`;
  return `Set \`compute: { base: Q8_0 }\` in the recipe, which needs about ${formatBytes(copy)}, or ${fromDisk}.`;
}

function describeAvailable(available: number, { compute }: StageContext): string {
  const where = compute.devices.length === 0 ? "this machine has" : "this machine and its devices have";
  return `${where} ${formatBytes(available)}`;
}
