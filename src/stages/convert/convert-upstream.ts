import { join } from "node:path";
import { checkPretokenizer } from "../../converter/vocabulary/choose-pretokenizer.js";
import { readGguf } from "../../gguf/read-header.js";
import { convertToGguf } from "../../llamacpp/python/convert.js";
import { readPretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import { type Operation, type OperationReport, requiredInput, type StageContext } from "../stage.js";
import type { ConvertParams, ConvertReport } from "./convert-report.js";
import { correctHeader } from "./correct-header.js";
import { finishConversion } from "./finish-conversion.js";
import { prepareConverter } from "./prepare-converter.js";
import { requireFiniteModel } from "./require-finite.js";
import { requireTemplates } from "./require-templates.js";

/**
 * Converts the snapshot to one 16-bit GGUF with llama.cpp's own converter, and corrects its vocabulary.
 * Input `snapshot`; outputs `model.gguf`, `convert.json`. Errors: QS-CONVERT-*, QS-PYTHON-*, QS-TOOL-*.
 */
export const convertUpstream: Operation<ConvertParams> = {
  id: "convert-upstream",
  stage: "convert",
  version: 10,
  resource: "compute",
  tools: ["converter"],
  intermediates: ["model.gguf"],
  async run(params, context) {
    await requireTemplates(requiredInput(context, "snapshot"));
    return runUpstream(params, context);
  },
};

/** Runs the conversion as part of another operation, which adds `also` to the report. */
export async function runUpstream(
  params: ConvertParams,
  context: StageContext,
  also: Pick<ConvertReport, "converterDigest"> = {},
): Promise<OperationReport> {
  context.note(`converting with llama.cpp's converter: ${params.why}`);
  const override = params.pretokenizer === "auto" ? {} : { pretokenizer: params.pretokenizer };
  // The converter accepts any name, but llama.cpp does not load a file with an unknown one.
  if (override.pretokenizer !== undefined)
    checkPretokenizer(override.pretokenizer, await readPretokenizers(await context.toolchain()));
  const run = await convertToGguf({
    ...(await prepareConverter(context, "model", params)),
    ...override,
    ...(params.mtp === undefined ? {} : { mtp: params.mtp }),
    outFile: "../out/model.gguf",
    outtype: params.outtype,
  });
  const snapshot = requiredInput(context, "snapshot");
  const written = await readGguf(join(context.out, "model.gguf"));
  await requireFiniteModel(snapshot, written, context);
  const gguf = await correctHeader(written, snapshot, context);
  await finishConversion({ snapshot, gguf, engine: "upstream", params }, context, also);
  return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
}
