import { checkTensorTypes } from "../../gguf/check-tensor-types.js";
import { findProblems } from "../../gguf/find-problems.js";
import type { Gguf, GgufTensor, GgufValue } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { typeCounts } from "../../gguf/summary.js";
import { tryReadGguf } from "../../gguf/try-read-gguf.js";
import { type GgmlType, knownType } from "../../quant/ggml-types.js";
import type { NativePool } from "../../quant/native-pool.js";
import { rowRanges } from "../../quant/row-ranges.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { readAllocatedTypes } from "../allocate/tensor-types.js";
import { withPool } from "../ggml-source.js";
import type { QuantizeReport } from "../quantize/quantize.js";
import { type Operation, requiredInput, type StageContext } from "../stage.js";
import { readReport, writeReport } from "../step-files.js";

/** `structure.json`: problems of one variant's file, one sentence each; empty if the file is intact. */
export interface StructureReport {
  problems: string[];
}

/**
 * Checks one variant's file before any other tool reads it: header, layout, tensors and metadata against the base, types
 * against the plan, every row for invalid values. Inputs `model`, `base` (the 16-bit GGUF), `quantize`
 * (`quantize.json`), optional `allocation`; output `structure.json`. The step succeeds even if it finds problems.
 */
export const checkStructure: Operation = {
  id: "check-structure",
  stage: "validate",
  version: 1,
  resource: "compute",
  tools: ["node-llama-cpp"],
  async run(_params, context) {
    const report: StructureReport = { problems: await structureProblems(context) };
    await writeReport(context, "structure.json", report);
    return {};
  },
};

/** Throws QS-VALIDATE-STRUCTURE if the check found a problem, so that llama.cpp never loads such a file. */
export function requireIntact({ problems }: StructureReport): void {
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  throw new QuantsmithError("QS-VALIDATE-STRUCTURE", `the variant's file is damaged: ${first}${more}`, {
    remedy: "Rebuild the variant with `--fresh`. If the error persists, check the checkpoint and the tensor rules.",
  });
}

async function structureProblems(context: StageContext): Promise<string[]> {
  const base = await readGguf(requiredInput(context, "base"));
  // The reader checks bounds and offsets.
  const variant = await tryReadGguf(requiredInput(context, "model"));
  if (typeof variant === "string") return [variant];
  const problems = [
    ...headerProblems(variant, base),
    ...metadataProblems(variant, base),
    ...tensorProblems(variant, base),
    ...(await typeProblems(variant, context)),
  ];
  const damaged = await withPool(context, (pool) => invalidTensors(variant, pool, context));
  return [...problems, ...damaged];
}

/** Returns the problems that `inspect` reports for the variant but not for the base. */
function headerProblems(variant: Gguf, base: Gguf): string[] {
  const known = new Set(findProblems(base).map(({ code }) => code));
  return findProblems(variant).flatMap(({ code, message }) => (known.has(code) ? [] : [message]));
}

/** Keys that quantization writes. */
const quantizerKeys = /^(general\.(file_type|quantization_version|alignment)|quantize\.|split\.)/;

function metadataProblems(variant: Gguf, base: Gguf): string[] {
  return [...base.metadata].flatMap(([key, value]) => {
    if (quantizerKeys.test(key)) return [];
    const found = variant.metadata.get(key);
    if (found === undefined) return [`metadata key ${quote(key)} of the base is missing`];
    return sameValue(found, value) ? [] : [`metadata key ${quote(key)} differs from the base`];
  });
}

function sameValue(a: GgufValue, b: GgufValue): boolean {
  if (a.type !== "array" || b.type !== "array")
    return a.type === b.type && "value" in a && "value" in b && a.value === b.value;
  return (
    a.itemType === b.itemType && a.items.length === b.items.length && a.items.every((item, i) => item === b.items[i])
  );
}

function tensorProblems(variant: Gguf, base: Gguf): string[] {
  const expected = new Map(base.tensors.map((tensor) => [tensor.name, tensor]));
  const unknown = variant.tensors
    .filter(({ name }) => !expected.has(name))
    .map(({ name }) => `tensor ${quote(name)} is not in the base`);
  const found = new Map(variant.tensors.map((tensor) => [tensor.name, tensor]));
  const wrong = base.tensors.flatMap(({ name, shape }) => {
    const tensor = found.get(name);
    if (tensor === undefined) return [`tensor ${quote(name)} is missing`];
    return `${tensor.shape}` === `${shape}`
      ? []
      : [`tensor ${quote(name)} has shape ${tensor.shape.join(" × ")}, in the base ${shape.join(" × ")}`];
  });
  return [...wrong, ...unknown];
}

/** Compares types with the rules or the allocation, and their counts with `quantize.json`. */
async function typeProblems(variant: Gguf, context: StageContext): Promise<string[]> {
  const quantized = await readReport<QuantizeReport>(requiredInput(context, "quantize"));
  const allocation = context.input("allocation");
  const planned = new Map<string, GgmlType>(allocation === undefined ? [] : await readAllocatedTypes(allocation));
  for (const { name, got } of quantized.fallbacks) planned.set(name, knownType(got));
  const wrong = checkTensorTypes(variant, planned).map(
    ({ name, expected, actual }) =>
      `tensor ${quote(name)} is ${actual?.name ?? "missing"} instead of the planned ${expected.name}`,
  );
  const counts = typeCounts(variant);
  const changed = [...new Set([...Object.keys(counts), ...Object.keys(quantized.types)])].filter(
    (type) => counts[type] !== quantized.types[type],
  );
  return [
    ...wrong,
    ...changed.map(
      (type) =>
        `the file contains ${counts[type] ?? 0} ${type} tensors, quantization reported ${quantized.types[type] ?? 0}`,
    ),
  ];
}

/** Returns the tensors in which ggml finds NaN, a scale that is not finite, or a code outside its grid. */
async function invalidTensors(variant: Gguf, pool: NativePool, context: StageContext): Promise<string[]> {
  const pieces = variant.tensors.flatMap((tensor) => [
    ...[...rowRanges({ ...tensor, path: variant.path }, undefined)].map((rows) => ({ tensor, rows })),
  ]);
  const damaged = new Set<GgufTensor>();
  const tasks = pieces.map(({ rows }) => ({ kind: "validate" as const, rows }));
  let done = 0;
  for await (const { valid } of pool.stream(tasks)) {
    const piece = pieces[done++];
    if (!valid && piece !== undefined) damaged.add(piece.tensor);
    context.progress({ done, total: pieces.length, unit: "tensor" });
  }
  return [...damaged].map(({ name, type }) => `tensor ${quote(name)} (${type.name}) contains invalid values`);
}
