import type { FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { openRegular } from "../util/regular-file.js";
import { findHugeScale, findNegative, findNonFinite, hugeScale, type ValueUnit, valueUnit } from "./non-finite.js";
import { readSafetensorsHeader } from "./safetensors.js";
import { scaledTensor } from "./scale-names.js";

/** `sample` checks the beginning, middle and end of every tensor, `full` every value. */
export type WeightsCheck = "sample" | "full" | "none";

/** Bytes per position of a sample, and per read; rounded down to whole values and blocks. */
const sampleBytes = 16 * 1024;
const chunkBytes = 4 * 2 ** 20;

/**
 * Checks the weights of a folder for NaN, infinity, huge scales of FP8 or integer weights and negative ones of FP8 weights, which
 * would invalidate every later measurement. Throws QS-FETCH-NAN at the first one. Skips integers and packed types, which have
 * neither, but not the scales of MXFP4.
 */
export async function checkWeights(
  dir: string,
  weights: readonly string[],
  check: WeightsCheck,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const paths = check === "none" ? [] : weights.filter((file) => file.endsWith(".safetensors"));
  const scaled = new Map<string, ScaledType>();
  // A scale may be in another file than its weights.
  for (const path of paths.map((name) => join(dir, name))) {
    for (const { name, dtype } of (await readSafetensorsHeader(path)).tensors) {
      if (dtype.startsWith("F8_E")) scaled.set(name, "float");
      else if (dtype === "I8") scaled.set(name, "integer");
      // Packed integers of compressed-tensors.
      else if (dtype === "I32" && name.endsWith(".weight_packed")) scaled.set(name.replace(/_packed$/, ""), "integer");
    }
  }
  for (const path of paths.map((name) => join(dir, name))) {
    const { tensors } = await readSafetensorsHeader(path);
    const stored = tensors.map((tensor) => withScaleType({ ...tensor, scaleOf: scaledType(tensor, scaled) }));
    await checkTensors(path, stored, check, { signal });
  }
}

/** The scales of MXFP4 weights are E8M0, which most checkpoints store as bytes. */
function withScaleType(tensor: StoredTensor): StoredTensor {
  return tensor.dtype === "U8" && /_scales?$/.test(tensor.name) ? { ...tensor, dtype: "F8_E8M0" } : tensor;
}

/** Returns the type of that of these tensors, by name, whose scales a tensor has; undefined for no scales. */
function scaledType({ name, dtype }: StoredTensor, scaled: ReadonlyMap<string, ScaledType>): ScaledType | undefined {
  if (!/^(F32|F16|BF16|F8_E8M0|U8)$/.test(dtype)) return undefined;
  return (["_scale_inv", "_scale"] as const)
    .map((suffix) => scaled.get(scaledTensor(name, suffix) ?? ""))
    .find((type) => type !== undefined);
}

/** Scaled weights: FP8, or integers, for which some quantizers (AutoRound) also write negative scales. */
type ScaledType = "float" | "integer";

/** Where a tensor's values are in its file, and their type: that of safetensors or of GGUF, which have the same names. */
export interface StoredTensor {
  name: string;
  dtype: string;
  /** Bytes from the start of the file. */
  offset: number;
  bytes: number;
  /** The weights whose scales these are: huge scales are errors, too, and negative ones of FP8 weights. */
  scaleOf?: ScaledType | undefined;
}

/** Checks the tensors of one file like `checkWeights`. Throws QS-FETCH-NAN. */
export async function checkTensors(
  path: string,
  tensors: readonly StoredTensor[],
  check: WeightsCheck,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const found = check === "none" ? undefined : await findBadValue(path, tensors, check, { signal });
  if (found !== undefined) throw badValue(path, found);
}

/** A value that invalidates later measurements. */
export interface BadValue {
  tensor: StoredTensor;
  /** `NaN or infinity` */
  what: string;
  /** Of the value in the tensor. */
  index: number;
}

/** Returns the first bad value of a file; undefined without one. */
export async function findBadValue(
  path: string,
  tensors: readonly StoredTensor[],
  check: Exclude<WeightsCheck, "none">,
  { signal }: { signal: AbortSignal },
): Promise<BadValue | undefined> {
  const file = await openRegular(path);
  try {
    const buffer = Buffer.alloc(chunkBytes);
    for (const tensor of tensors) {
      const found = await findIn(file, { tensor, buffer, isFull: check === "full" }, signal);
      if (found !== undefined) return { tensor, ...found };
    }
    return undefined;
  } finally {
    await file.close();
  }
}

type Fault = Pick<BadValue, "what" | "index">;

async function findIn(
  file: FileHandle,
  { tensor, buffer, isFull }: { tensor: StoredTensor; buffer: Buffer; isFull: boolean },
  signal: AbortSignal,
): Promise<Fault | undefined> {
  const unit = valueUnit(tensor.dtype);
  if (unit === undefined) return undefined;
  for (const { start, bytes } of isFull ? chunks(tensor.bytes, unit) : samples(tensor.bytes, unit)) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, bytes, tensor.offset + start);
    const fault = findFault(buffer.subarray(0, bytesRead), tensor);
    if (fault !== undefined) return { ...fault, index: (start / unit.bytes) * unit.values + fault.index };
  }
  return undefined;
}

function findFault(bytes: Buffer, { dtype, scaleOf }: StoredTensor): Fault | undefined {
  const index = findNonFinite(bytes, dtype);
  if (index !== -1) return { what: "NaN or infinity", index };
  if (scaleOf === undefined) return undefined;
  const negative = scaleOf === "float" ? findNegative(bytes, dtype) : -1;
  if (negative !== -1) return { what: "a negative scale", index: negative };
  const huge = findHugeScale(bytes, dtype);
  return huge === -1 ? undefined : { what: `a scale of ${hugeScale} or more, which no weights need,`, index: huge };
}

interface Part {
  start: number;
  bytes: number;
}

function chunks(total: number, unit: ValueUnit): Part[] {
  const size = wholeUnits(chunkBytes, unit);
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => {
    const start = index * size;
    return { start, bytes: Math.min(size, total - start) };
  });
}

function samples(total: number, unit: ValueUnit): Part[] {
  const bytes = wholeUnits(sampleBytes, unit);
  if (total <= 3 * bytes) return chunks(total, unit);
  return [0, wholeUnits(total / 2, unit), total - bytes].map((start) => ({ start, bytes }));
}

function wholeUnits(bytes: number, unit: ValueUnit): number {
  return Math.floor(bytes / unit.bytes) * unit.bytes;
}

function badValue(path: string, { tensor, what, index }: BadValue): QuantsmithError {
  return new QuantsmithError(
    "QS-FETCH-NAN",
    `tensor ${quote(tensor.name)} in ${basename(path)} contains ${what} at index ${index}`,
    {
      remedy:
        "Download the file again: it is damaged, or its training diverged. In a recipe, `model.checkWeights: none` skips this check.",
      at: { file: path },
    },
  );
}
