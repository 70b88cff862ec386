import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { convertToGguf } from "../../llamacpp/convert.js";
import { readPretokenizers } from "../../llamacpp/pretokenizers.js";
import { type Operation, requiredInput } from "../stage.js";
import { toolRun, writeReport } from "../step-files.js";
import { type ConvertParams, describeConverted } from "./convert-report.js";
import { converterMetadata, makeModelFolder } from "./model-folder.js";
import { checkPretokenizer } from "./native/vocabulary/choose-pretokenizer.js";

/** No model can have this name, which begins with a dot. */
const metadataFile = ".metadata.json";

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
    // The converter reads names out of the folder's own name; it gets the model's, not the store's.
    await makeModelFolder(join(context.work, params.modelName), requiredInput(context, "snapshot"), params);
    const metadata = converterMetadata(params.modelName, params.baseModel, params.metadata);
    await writeFile(join(context.work, metadataFile), JSON.stringify(metadata));
    const tool = await toolRun(context);
    const override = params.pretokenizer === "auto" ? {} : { pretokenizer: params.pretokenizer };
    // The converter would write any name; llama.cpp would then not load the file.
    if (override.pretokenizer !== undefined)
      checkPretokenizer(override.pretokenizer, await readPretokenizers(tool.toolchain));
    const run = await convertToGguf({
      ...{ ...tool, ...override },
      python: await context.python(),
      modelDir: params.modelName,
      metadata: metadataFile,
      outFile: "../out/model.gguf",
      outtype: params.outtype,
      modelName: params.modelName,
    });
    await writeReport(
      context,
      "convert.json",
      await describeConverted(join(context.out, "model.gguf"), "upstream", params),
    );
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
