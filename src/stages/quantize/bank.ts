import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Imatrix, readImportance } from "../../gguf/read-imatrix.js";
import { variantLayout } from "../../gguf/variant-layout.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import { presetByName } from "../../quant/presets.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { withPool } from "../ggml-source.js";
import type { PreparedOperation } from "../stage.js";
import { assembleVariant } from "./assemble-variant.js";
import { findFinishedTensors } from "./finished-tensors.js";
import { planVariant, type VariantPlan } from "./plan-variant.js";
import { type QuantizeParams, reportVariant } from "./quantize.js";
import { tensorTypeFile } from "./tensor-rules.js";

/**
 * Assembles one variant, byte-identical to llama-quantize's file. Copies tensors of the same type from finished variants
 * of the same base and imatrix, so that each is quantized once for all variants. Inputs and outputs as in
 * `quantizeByTool`. Errors: QS-QUANTIZE-*, QS-GGML-*, QS-IMATRIX-INVALID, QS-INPUT-CHANGED.
 */
export const quantizeByBank: PreparedOperation<QuantizeParams, VariantPlan> = {
  id: "quantize-bank",
  stage: "quantize",
  version: 1,
  resource: "compute",
  tools: ["llama.cpp", "node-llama-cpp"],
  prepare: planVariant,
  async run(params, context, { base, imatrix, types, listed, fallbacks, report }) {
    if (listed.size > 0) await writeFile(join(context.out, "tensor-types.txt"), tensorTypeFile(listed));
    const layout = variantLayout({
      base,
      fileType: presetByName(params.preset)?.fileType ?? 0,
      ...(imatrix && { imatrix: { imatrix, fileName: params.imatrixName } }),
    });
    const changed = layout.tensors.flatMap(({ name, shape, type: from }) => {
      const to = types.get(name) ?? from;
      return to === from ? [] : [{ name, shape, to }];
    });
    requireImportance(params.preset, changed, imatrix);
    const finished = await findFinishedTensors(context, new Map(changed.map(({ name, to }) => [name, to])));
    const shapes = new Map(changed.map(({ name, shape }) => [name, { name, shape }]));
    await withPool(context, (pool) =>
      assembleVariant(join(context.out, "model.gguf"), {
        pool,
        layout,
        base: base.path,
        types,
        finished: finished.places,
        importanceOf: async (name) => {
          const tensor = shapes.get(name);
          return imatrix && tensor && readImportance(imatrix, tensor);
        },
        signal: context.signal,
        onTensor: (done, total) => context.progress({ done, total, unit: "tensor" }),
      }),
    );
    await finished.requireUnchanged();
    await reportVariant(context, fallbacks);
    const tensorsCopied = finished.places.size;
    return { ...report, measurements: { tensorsQuantized: changed.length - tensorsCopied, tensorsCopied } };
  },
};

/** Throws QS-QUANTIZE-IMATRIX. llama-quantize rejects these types too, but in part after writing half of the file. */
function requireImportance(
  preset: string,
  tensors: readonly { name: string; to: GgmlType }[],
  imatrix: Imatrix | undefined,
): void {
  const lacking = tensors.find(({ name, to }) => {
    const ownRule = preset === "Q2_K_S" && to.name === "Q2_K" && !/^(token_embd|output)\.weight$/.test(name);
    return (ownRule || to.needsImatrix === true) && imatrix?.entries.has(name) !== true;
  });
  if (lacking === undefined) return;
  throw new QuantsmithError(
    "QS-QUANTIZE-IMATRIX",
    `the type of ${quote(lacking.name)} needs an imatrix that covers it`,
    {
      remedy: "Add or enlarge `calibration` in the recipe, or choose a type with more bits for this tensor.",
    },
  );
}
