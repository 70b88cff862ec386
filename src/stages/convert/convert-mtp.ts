import { convertToGguf } from "../../llamacpp/python/convert.js";
import type { Operation } from "../stage.js";
import type { ConvertParams } from "./convert-report.js";
import { prepareConverter } from "./prepare-converter.js";
import { reportSideFile } from "./side-file.js";

export type MtpParams = Pick<ConvertParams, "modelName" | "baseModel" | "metadata" | "pretokenizer">;

/**
 * Converts the layers for multi-token prediction of a checkpoint, with the matrices that they share with the model, to a
 * Q8_0 file for speculative decoding, with llama.cpp's own converter. Q8_0 needs no imatrix, which llama.cpp cannot compute
 * for these layers. Input `snapshot`; outputs `mtp.gguf`, `mtp.json`. Errors: QS-CONVERT-*, QS-PYTHON-*, QS-TOOL-*.
 */
export const convertMtp: Operation<MtpParams> = {
  id: "convert-mtp",
  stage: "convert",
  version: 4,
  resource: "compute",
  tools: ["converter"],
  async run(params, context) {
    const { pretokenizer } = params;
    const run = await convertToGguf({
      ...(await prepareConverter(context, "model", params)),
      ...(pretokenizer === "auto" ? {} : { pretokenizer }),
      ...{ outFile: "../out/mtp.gguf", outtype: "q8_0", mtp: "only" },
    });
    return reportSideFile(context, run, {
      ...{ file: "mtp.gguf", report: "mtp.json" },
      otherwise: "Set `mtp` in the recipe's `convert` to `drop`: drafts are always Q8_0.",
    });
  },
};
