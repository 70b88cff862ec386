import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { convertToGguf } from "../../llamacpp/python/convert.js";
import type { ProjectorType } from "../../quant/names.js";
import type { Operation } from "../stage.js";
import { writeReport } from "../step-files.js";
import type { ConvertParams } from "./convert-report.js";
import { prepareConverter } from "./prepare-converter.js";

export type ProjectorParams = Pick<ConvertParams, "modelName" | "baseModel" | "metadata"> & { type: ProjectorType };

/** `projector.json`: size of the mmproj file. */
export interface ProjectorReport {
  bytes: number;
  tensors: number;
}

/**
 * Converts the vision or audio tower of a multimodal checkpoint to an mmproj file, with llama.cpp's own converter.
 * Input `snapshot`; outputs `mmproj.gguf`, `projector.json`. Errors: QS-CONVERT-*, QS-PYTHON-*, QS-TOOL-*.
 */
export const convertProjector: Operation<ProjectorParams> = {
  id: "convert-projector",
  stage: "convert",
  version: 2,
  resource: "compute",
  tools: ["converter"],
  async run({ type, ...params }, context) {
    const options = await prepareConverter(context, "projector", params);
    const outtype = type === "F16" ? "f16" : "q8_0";
    const run = await convertToGguf({ ...options, outFile: "../out/mmproj.gguf", outtype, mmproj: true });
    const gguf = await readGguf(join(context.out, "mmproj.gguf"));
    const report: ProjectorReport = { bytes: gguf.fileBytes, tensors: gguf.tensors.length };
    await writeReport(context, "projector.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
