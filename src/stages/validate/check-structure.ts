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
import { readAllocatedTypes } from "../allocate/tensor-types.js";
import { withPool } from "../ggml-source.js";
import type { QuantizeReport } from "../quantize/quantize.js";
import { type Operation, requiredInput, type StageContext } from "../stage.js";
import { readReport, writeReport } from "../step-files.js";

/** `structure.json`: what is wrong with the file of one variant, one sentence each; none means it is sound. */
export interface StructureReport {
  problems: string[];
}

/**
 * Checks one variant's file before anything runs it: header, layout, tensors and metadata against those of the base,
 * types against what was planned, every row for values that are no numbers. Inputs `model`, `base` (the 16-bit GGUF),
 * `quantize` (`quantize.json`), optional `allocation`; output `structure.json`. Finding something is no error here.
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

/** Throws QS-VALIDATE-STRUCTURE when a check found something; such a file is not given to llama.cpp. */
export function requireIntact({ problems }: StructureReport): void {
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  throw new QuantsmithError("QS-VALIDATE-STRUCTURE", `The variant's file is damaged: ${first}${more}`, {
    remedy: "Build the variant again with --fresh. If it stays so, the checkpoint or a rule is at fault.",
  });
}

async function structureProblems(context: StageContext): Promise<string[]> {
  const base = await readGguf(requiredInput(context, "base"));
  // Bounds and offsets are checked on reading.
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

/** What `inspect` would find, less what the base has already. */
function headerProblems(variant: Gguf, base: Gguf): string[] {
  const known = new Set(findProblems(base).map(({ code }) => code));
  return findProblems(variant).flatMap(({ code, message }) => (known.has(code) ? [] : [message]));
}

/** Keys that quantizing sets anew. */
const quantizerKeys = /^(general\.(file_type|quantization_version|alignment)|quantize\.|split\.)/;

function metadataProblems(variant: Gguf, base: Gguf): string[] {
  return [...base.metadata].flatMap(([key, value]) => {
    if (quantizerKeys.test(key)) return [];
    const found = variant.metadata.get(key);
    if (found === undefined) return [`its ${key} is missing, which the base has`];
    return sameValue(found, value) ? [] : [`its ${key} is not the base's`];
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
    .map(({ name }) => `${name} is not in the base`);
  const found = new Map(variant.tensors.map((tensor) => [tensor.name, tensor]));
  const wrong = base.tensors.flatMap(({ name, shape }) => {
    const tensor = found.get(name);
    if (tensor === undefined) return [`${name} is missing`];
    return `${tensor.shape}` === `${shape}`
      ? []
      : [`${name} is ${tensor.shape.join(" × ")}, in the base ${shape.join(" × ")}`];
  });
  return [...wrong, ...unknown];
}

/** Types that rules or the allocation asked for, and the counts that quantizing reported. */
async function typeProblems(variant: Gguf, context: StageContext): Promise<string[]> {
  const quantized = await readReport<QuantizeReport>(requiredInput(context, "quantize"));
  const allocation = context.input("allocation");
  const planned = new Map<string, GgmlType>(allocation === undefined ? [] : await readAllocatedTypes(allocation));
  for (const { name, got } of quantized.fallbacks) planned.set(name, knownType(got));
  const wrong = checkTensorTypes(variant, planned).map(
    ({ name, expected, actual }) => `${name} is ${actual?.name ?? "missing"}, planned ${expected.name}`,
  );
  const counts = typeCounts(variant);
  const changed = [...new Set([...Object.keys(counts), ...Object.keys(quantized.types)])].filter(
    (type) => counts[type] !== quantized.types[type],
  );
  return [
    ...wrong,
    ...changed.map(
      (type) => `it has ${counts[type] ?? 0} tensors of ${type}, when made it had ${quantized.types[type] ?? 0}`,
    ),
  ];
}

/** Tensors that ggml finds a value in that is no number, a scale that is not finite, or a code outside its grid. */
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
  return [...damaged].map(({ name, type }) => `${name} (${type.name}) holds values that are not numbers`);
}
