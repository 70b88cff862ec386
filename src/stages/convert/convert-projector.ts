import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { convertToGguf } from "../../llamacpp/convert.js";
import { type Operation, requiredInput } from "../stage.js";
import { toolRun, writeReport } from "../step-files.js";
import type { ConvertParams } from "./convert-report.js";
import { converterMetadata, makeModelFolder } from "./model-folder.js";

export type ProjectorParams = Pick<ConvertParams, "modelName" | "baseModel" | "metadata">;

/** `projector.json`: what the mmproj file is. */
export interface ProjectorReport {
  bytes: number;
  tensors: number;
}

/** No model can have this name, which begins with a dot. */
const metadataFile = ".metadata.json";

/**
 * Converts the vision or audio tower of a multimodal checkpoint to an F16 mmproj file, with llama.cpp's own converter.
 * Input `snapshot`; outputs `mmproj.gguf`, `projector.json`. Errors: QS-CONVERT-*, QS-PYTHON-*, QS-TOOL-*.
 */
export const convertProjector: Operation<ProjectorParams> = {
  stage: "convert",
  version: 1,
  resource: "compute",
  tools: ["converter"],
  async run(params, context) {
    await makeModelFolder(join(context.work, params.modelName), requiredInput(context, "snapshot"), params);
    const metadata = converterMetadata(params.modelName, params.baseModel, params.metadata);
    await writeFile(join(context.work, metadataFile), JSON.stringify(metadata));
    const run = await convertToGguf({
      ...(await toolRun(context)),
      python: await context.python(),
      modelDir: params.modelName,
      metadata: metadataFile,
      outFile: "../out/mmproj.gguf",
      outtype: "f16",
      modelName: params.modelName,
      mmproj: true,
    });
    const gguf = await readGguf(join(context.out, "mmproj.gguf"));
    const report: ProjectorReport = { bytes: gguf.fileBytes, tensors: gguf.tensors.length };
    await writeReport(context, "projector.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
