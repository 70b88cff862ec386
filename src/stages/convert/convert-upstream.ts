import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { readGguf } from "../../gguf/read-header.js";
import { parameterCount, typeCounts } from "../../gguf/summary.js";
import { convertToGguf } from "../../llamacpp/convert.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { type Operation, requiredInput } from "../stage.js";
import { toolRun, writeReport } from "../step-files.js";
import { converterMetadata, type MetadataParams, makeModelFolder } from "./model-folder.js";

export interface ConvertParams extends JsonObject {
  outtype: "bf16" | "f16" | "f32" | "auto";
  /** Written as general.name, so that no folder name or commit hash ends up there. */
  modelName: string;
  /** `org/name` on the Hub; null for a local folder. */
  baseModel: string | null;
  metadata: MetadataParams;
  /** What to do with a vision or audio tower: `none` leaves it out. */
  mmproj: string;
}

/** `convert.json`: what the base GGUF is. */
export interface ConvertReport {
  engine: "upstream";
  bytes: number;
  parameters: number;
  architecture: string;
  contextLength: number | null;
  vocabulary: number | null;
  types: Record<string, number>;
}

/** No model can have this name, which begins with a dot. */
const metadataFile = ".metadata.json";

/**
 * Converts the snapshot to one 16-bit GGUF with llama.cpp's own converter.
 * Input `snapshot`; outputs `model.gguf`, `convert.json`. Errors: QS-CONVERT-*, QS-PYTHON-*, QS-TOOL-*.
 */
export const convertUpstream: Operation<ConvertParams> = {
  id: "convert-upstream",
  stage: "convert",
  version: 2,
  resource: "compute",
  tools: ["converter"],
  intermediates: ["model.gguf"],
  async run(params, context) {
    const snapshot = requiredInput(context, "snapshot");
    await refuseProjector(snapshot, params.mmproj);
    const model = join(context.out, "model.gguf");
    // The converter reads names out of the folder's own name; it gets the model's, not the store's.
    await makeModelFolder(join(context.work, params.modelName), snapshot, params);
    const metadata = converterMetadata(params.modelName, params.baseModel, params.metadata);
    await writeFile(join(context.work, metadataFile), JSON.stringify(metadata));
    const run = await convertToGguf({
      ...(await toolRun(context)),
      python: await context.python(),
      modelDir: params.modelName,
      metadata: metadataFile,
      outFile: "../out/model.gguf",
      outtype: params.outtype,
      modelName: params.modelName,
    });
    const gguf = await readGguf(model);
    const report: ConvertReport = {
      engine: "upstream",
      bytes: gguf.fileBytes,
      parameters: parameterCount(gguf),
      ...describe(gguf),
      types: typeCounts(gguf),
    };
    await writeReport(context, "convert.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};

/** A multimodal release without its projector would be half a model; the user has to want it. */
async function refuseProjector(snapshot: string, mmproj: string): Promise<void> {
  const config = JSON.parse(await readFile(join(snapshot, "config.json"), "utf8")) as Record<string, unknown>;
  if (mmproj === "none" || !("vision_config" in config || "audio_config" in config)) return;
  throw new QuantsmithError(
    "QS-NOT-YET",
    "this version cannot convert the projector (mmproj) of a multimodal model yet",
    {
      remedy: "Set `convert: { mmproj: none }` in the recipe to release the language model alone.",
    },
  );
}

function describe(gguf: Gguf): Pick<ConvertReport, "architecture" | "contextLength" | "vocabulary"> {
  const architecture = metadataString(gguf, "general.architecture") ?? "";
  const tokens = gguf.metadata.get("tokenizer.ggml.tokens");
  return {
    architecture,
    contextLength: metadataNumber(gguf, `${architecture}.context_length`) ?? null,
    vocabulary: tokens?.type === "array" ? tokens.items.length : null,
  };
}
