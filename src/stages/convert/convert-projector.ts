import { convertToGguf } from "../../llamacpp/python/convert.js";
import type { ProjectorType } from "../../quant/names.js";
import type { Operation } from "../stage.js";
import type { ConvertParams } from "./convert-report.js";
import { prepareConverter } from "./prepare-converter.js";
import { reportSideFile } from "./side-file.js";

export type ProjectorParams = Pick<ConvertParams, "modelName" | "baseModel" | "metadata"> & { type: ProjectorType };

/**
 * Converts the vision or audio tower of a multimodal checkpoint to an mmproj file, with llama.cpp's own converter.
 * Input `snapshot`; outputs `mmproj.gguf`, `projector.json`. Errors: QS-CONVERT-*, QS-PYTHON-*, QS-TOOL-*.
 */
export const convertProjector: Operation<ProjectorParams> = {
  id: "convert-projector",
  stage: "convert",
  version: 5,
  resource: "compute",
  tools: ["converter"],
  async run({ type, ...params }, context) {
    const options = await prepareConverter(context, "projector", params);
    const outtype = type === "F16" ? "f16" : "q8_0";
    const run = await convertToGguf({ ...options, outFile: "../out/mmproj.gguf", outtype, mmproj: true });
    return reportSideFile(context, run, {
      ...{ file: "mmproj.gguf", report: "projector.json" },
      otherwise: "Set `mmproj` in the recipe's `convert` to `none`: no projector has a larger type.",
    });
  },
};
