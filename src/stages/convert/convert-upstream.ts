import { join } from "node:path";
import { checkPretokenizer } from "../../converter/vocabulary/choose-pretokenizer.js";
import { convertToGguf } from "../../llamacpp/python/convert.js";
import { readPretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import { type Operation, type OperationReport, requiredInput, type StageContext } from "../stage.js";
import { writeReport } from "../step-files.js";
import { warnOfCheckpoint } from "./checkpoint-warnings.js";
import { type ConvertParams, type ConvertReport, describeConverted } from "./convert-report.js";
import { correctFile } from "./correct-vocabulary.js";
import { addImpliedEnd } from "./end-of-turn.js";
import { prepareConverter } from "./prepare-converter.js";
import { requireFiniteModel } from "./require-finite.js";
import { requirePublicMetadata, requireTemplates } from "./require-templates.js";
import { warnOfTexts } from "./text-warnings.js";

/**
 * Converts the snapshot to one 16-bit GGUF with llama.cpp's own converter, and corrects its vocabulary.
 * Input `snapshot`; outputs `model.gguf`, `convert.json`. Errors: QS-CONVERT-*, QS-PYTHON-*, QS-TOOL-*.
 */
export const convertUpstream: Operation<ConvertParams> = {
  id: "convert-upstream",
  stage: "convert",
  version: 8,
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
  const file = join(context.out, "model.gguf");
  const snapshot = requiredInput(context, "snapshot");
  await requireFiniteModel(snapshot, file, context);
  await correctFile(file, snapshot, context);
  await addImpliedEnd(file, snapshot, context);
  await requirePublicMetadata(file);
  const report = await describeConverted(file, "upstream", params);
  await writeReport(context, "convert.json", { ...report, ...also });
  await warnOfTexts(context, { snapshot, file });
  await warnOfCheckpoint(context, { snapshot, file });
  return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
}
