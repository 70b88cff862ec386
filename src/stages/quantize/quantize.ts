import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkTensorTypes, type TypeDifference } from "../../gguf/check.js";
import { readGguf } from "../../gguf/read-header.js";
import { bitsPerWeight, typeCounts } from "../../gguf/summary.js";
import { quantize as llamaQuantize } from "../../llamacpp/quantize.js";
import { type GgmlType, ggmlTypeByName } from "../../quant/ggml-types.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { type Operation, requiredInput } from "../stage.js";
import { linkInput, toolRun, writeReport } from "../step-files.js";
import { predictVariantBytes } from "./predict-variant.js";
import { ruledTypes, tensorTypeFile } from "./tensor-rules.js";

export interface QuantizeParams extends JsonObject {
  /** A llama.cpp preset such as Q4_K_M. */
  preset: string;
  /** Manual rules, pattern to type, in the recipe's order. */
  rules: readonly (readonly [pattern: string, type: string])[];
  /** Name under which the imatrix is published; llama-quantize writes it into the file's metadata. */
  imatrixName: string;
}

/** `quantize.json`. */
export interface QuantizeReport {
  bytes: number;
  bitsPerWeight: number;
  types: Record<string, number>;
  /** Tensors whose row length made llama.cpp take another type than asked for. */
  fallbacks: { name: string; asked: string; got: string }[];
}

/**
 * Makes one variant with llama-quantize and reads its types back. Inputs `model`, optional `imatrix`, optional
 * `rules` (a type map from allocate, in place of the recipe's rules); outputs `model.gguf`, `quantize.json` and, with rules, `tensor-types.txt`. Errors: QS-QUANTIZE-*, QS-DISK-FULL.
 */
export const quantizePreset: Operation<QuantizeParams> = {
  stage: "quantize",
  version: 1,
  resource: "compute",
  tools: ["llama.cpp"],
  predictBytes: predictVariantBytes,
  async run(params, context) {
    const model = requiredInput(context, "model");
    const imatrix = context.input("imatrix");

    const base = await readGguf(model);
    const wanted = await ruledTypes(params, context, base);
    const rulesFile = join(context.out, "tensor-types.txt");
    if (wanted.size > 0) await writeFile(rulesFile, tensorTypeFile(wanted));

    const run = await llamaQuantize({
      ...(await toolRun(context)),
      model: await linkInput(context, "model", "model.gguf"),
      out: "../out/model.gguf",
      type: params.preset,
      ...(imatrix === undefined ? {} : { imatrix: await linkInput(context, "imatrix", params.imatrixName) }),
      ...(wanted.size === 0 ? {} : { tensorTypes: "../out/tensor-types.txt" }),
    });

    const gguf = await readGguf(join(context.out, "model.gguf"));
    const fallbacks = readBack(checkTensorTypes(gguf, asTypes(wanted)), new Set(run.fallbacks));
    const report: QuantizeReport = {
      bytes: gguf.fileBytes,
      bitsPerWeight: bitsPerWeight(gguf),
      types: typeCounts(gguf),
      fallbacks,
    };
    await writeReport(context, "quantize.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};

/** A rule may be answered by a documented fallback type, but never silently ignored. */
function readBack(differences: readonly TypeDifference[], fellBack: ReadonlySet<string>): QuantizeReport["fallbacks"] {
  const ignored = differences.find((difference) => !fellBack.has(difference.name));
  if (ignored !== undefined) {
    throw new QuantsmithError(
      "QS-QUANTIZE-RULE",
      `llama-quantize wrote ${ignored.name} as ${ignored.actual?.name ?? "nothing"}, although the rule says ${ignored.expected.name}`,
      {
        remedy: "Rules need a quantized preset, and 1-dimensional tensors keep their type. Correct or remove the rule.",
      },
    );
  }
  return differences.map(({ name, expected, actual }) => ({ name, asked: expected.name, got: actual?.name ?? "" }));
}

/** The recipe's schema has checked the names; one that is unknown here is a bug. */
function asTypes(wanted: ReadonlyMap<string, string>): Map<string, GgmlType> {
  return new Map(
    [...wanted].map(([name, type]) => {
      const known = ggmlTypeByName(type);
      if (known === undefined) throw new Error(`unknown tensor type ${type}`);
      return [name, known];
    }),
  );
}
