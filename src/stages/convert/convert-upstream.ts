import { join } from "node:path";
import { convertToGguf } from "../../llamacpp/convert.js";
import { readPretokenizers } from "../../llamacpp/pretokenizers.js";
import type { Operation } from "../stage.js";
import { writeReport } from "../step-files.js";
import { type ConvertParams, describeConverted } from "./convert-report.js";
import { checkPretokenizer } from "./native/vocabulary/choose-pretokenizer.js";
import { prepareConverter } from "./prepare-converter.js";

/**
 * Converts the snapshot to one 16-bit GGUF with llama.cpp's own converter.
 * Input `snapshot`; outputs `model.gguf`, `convert.json`. Errors: QS-CONVERT-*, QS-PYTHON-*, QS-TOOL-*.
 */
export const convertUpstream: Operation<ConvertParams> = {
  stage: "convert",
  version: 3,
  resource: "compute",
  tools: ["converter"],
  intermediates: ["model.gguf"],
  async run(params, context) {
    context.note(`by llama.cpp's converter: ${params.why}`);
    const override = params.pretokenizer === "auto" ? {} : { pretokenizer: params.pretokenizer };
    // The converter would write any name; llama.cpp would then not load the file.
    if (override.pretokenizer !== undefined)
      checkPretokenizer(override.pretokenizer, await readPretokenizers(await context.toolchain()));
    const run = await convertToGguf({
      ...(await prepareConverter(context, params)),
      ...override,
      outFile: "../out/model.gguf",
      outtype: params.outtype,
    });
    const report = await describeConverted(join(context.out, "model.gguf"), "upstream", params);
    await writeReport(context, "convert.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
