import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Imatrix, readImportance } from "../../gguf/read-imatrix.js";
import { elementCount } from "../../gguf/summary.js";
import { variantLayout } from "../../gguf/variant-layout.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import { presetByName } from "../../quant/presets.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { withPool } from "../ggml-source.js";
import type { PreparedOperation, StageContext } from "../stage.js";
import { writeReport } from "../step-files.js";
import { assembleVariant } from "./assemble-variant.js";
import { type FinishedTensors, findFinishedTensors } from "./finished-tensors.js";
import { needsImatrix } from "./mtp-types.js";
import { planVariant, type VariantPlan } from "./plan-variant.js";
import { type QuantizeParams, reportVariant } from "./quantize.js";
import { roundWithFeedback } from "./round-tensors.js";
import { feedbackReport, type RoundingTable, roundingFile } from "./rounding-table.js";
import { tensorTypeFile } from "./tensor-rules.js";

/**
 * Assembles one variant. With rounding to nearest the file is byte-identical to llama-quantize's. Copies tensors of the
 * same type from finished variants of the same inputs, so that each is quantized once for all variants. Inputs and outputs
 * as in `quantizeByTool`; with error feedback also the input `moments` and the output `rounding.json`. Errors: QS-QUANTIZE-*, QS-GGML-*, QS-IMATRIX-INVALID, QS-INPUT-CHANGED.
 */
export const quantizeByBank: PreparedOperation<QuantizeParams, VariantPlan> = {
  id: "quantize-bank",
  stage: "quantize",
  version: 4,
  resource: "compute",
  usesDevices: ({ rounding }) => rounding === "feedback",
  tools: ["llama.cpp", "node-llama-cpp"],
  prepare: planVariant,
  async run(params, context, { base, imatrix, types, listed, fallbacks, report }) {
    if (listed.size > 0) await writeFile(join(context.out, "tensor-types.txt"), tensorTypeFile(listed));
    const layout = variantLayout({
      base,
      fileType: presetByName(params.preset)?.fileType ?? 0,
      ...(imatrix && { imatrix: { imatrix, fileName: params.imatrixName } }),
      feedback: params.rounding === "feedback",
    });
    const changed = layout.tensors.flatMap(({ name, shape, type: from }) => {
      const to = types.get(name) ?? from;
      return to === from ? [] : [{ name, shape, to }];
    });
    requireImportance(params.preset, changed, imatrix);
    const { rounding } = params;
    const finished = await findFinishedTensors(context, new Map(changed.map(({ name, to }) => [name, to])), rounding);
    const rounded = rounding === "feedback" ? await roundMissing(changed, finished, context) : undefined;
    const shapes = new Map(changed.map(({ name, shape }) => [name, { name, shape }]));
    await withPool(context, (pool) =>
      assembleVariant(join(context.out, "model.gguf"), {
        pool,
        layout,
        base: base.path,
        types,
        finished: new Map([...finished.places, ...(rounded?.places ?? [])]),
        importanceOf: async (name) => {
          const tensor = shapes.get(name);
          return imatrix && tensor && readImportance(imatrix, tensor);
        },
        signal: context.signal,
        onTensor: (done, total) => context.progress({ done, total, unit: "tensor" }),
      }),
    );
    await finished.requireUnchanged();
    if (rounded !== undefined) await writeReport(context, roundingFile, rounded.table);
    await reportVariant(context, fallbacks, rounded && feedbackReport(rounded.table, elementsOf(changed)));
    const tensorsCopied = finished.places.size;
    return {
      commands: [...(report.commands ?? []), ...(rounded?.run === undefined ? [] : [rounded.run.argv])],
      peakMemoryBytes: Math.max(report.peakMemoryBytes ?? 0, rounded?.run?.peakMemoryBytes ?? 0),
      measurements: { tensorsQuantized: changed.length - tensorsCopied, tensorsCopied },
    };
  },
};

interface ChangedTensor {
  name: string;
  shape: readonly number[];
  to: GgmlType;
}

/** Rounds the quantized tensors that no finished variant contains, and returns the table of all. */
async function roundMissing(changed: readonly ChangedTensor[], finished: FinishedTensors, context: StageContext) {
  const quantized = changed.filter(({ to }) => to.quantized);
  const missing = quantized.filter(({ name }) => !finished.places.has(name));
  const { places, roundings, run } = await roundWithFeedback(
    new Map(missing.map(({ name, to }) => [name, to])),
    context,
  );
  const all = [...finished.roundings.values(), ...roundings];
  const table: RoundingTable = { tensors: all.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  return { places, table, run };
}

function elementsOf(tensors: readonly ChangedTensor[]): Map<string, number> {
  return new Map(tensors.map((tensor) => [tensor.name, elementCount(tensor)]));
}

/** Throws QS-QUANTIZE-IMATRIX. llama-quantize rejects these types too, but in part after writing half of the file. */
function requireImportance(
  preset: string,
  tensors: readonly { name: string; to: GgmlType }[],
  imatrix: Imatrix | undefined,
): void {
  const lacking = tensors.find(({ name, to }) => {
    const isLayer = !/^(token_embd|output)\.weight$/.test(name);
    return (to.needsImatrix === true || (isLayer && needsImatrix(to, preset))) && imatrix?.entries.has(name) !== true;
  });
  if (lacking === undefined) return;
  throw new QuantsmithError(
    "QS-QUANTIZE-IMATRIX",
    `the type of ${quote(lacking.name)} needs an imatrix that covers it`,
    {
      remedy: "Add or extend `calibration` in the recipe, or choose a type with more bits for this tensor.",
    },
  );
}
