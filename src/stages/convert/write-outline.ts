import { join } from "node:path";
import { findFamily } from "../../converter/families/find-family.js";
import { readModelConfig } from "../../converter/model-config.js";
import { fileTypeOf, type OutType, outputType } from "../../converter/output-type.js";
import { planTensors } from "../../converter/plan-tensors.js";
import { readCheckpoint } from "../../converter/read-checkpoint.js";
import { readRope } from "../../converter/rope-parameters.js";
import { encodeHeader } from "../../gguf/encode-header.js";
import type { GgufValue } from "../../gguf/gguf.js";
import { writeSparseGguf } from "../../gguf/write-sparse-gguf.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** A checkpoint before its conversion. */
export interface OutlineSource {
  folder: string;
  config: JsonObject;
  outtype: OutType;
}

/**
 * Writes the outline of a checkpoint's base to `path`: the tensors and the architecture that native conversion would write,
 * without values and without a vocabulary, for a dry run of llama-quantize. Reads only headers. Returns false for a
 * checkpoint that the native converter does not support. Throws QS-CONVERT-*, QS-FETCH-*.
 */
export async function writeOutline(path: string, { folder, config, outtype }: OutlineSource): Promise<boolean> {
  const family = findFamily(config);
  if (family === undefined) return false;
  const h = readModelConfig(family, config);
  const checkpoint = await readCheckpoint(folder, family.multimodal === true);
  const type = outputType(outtype, checkpoint);
  const model = { h, rope: readRope(h, family.ropeTypes), fileType: fileTypeOf(type) };
  const tensors = planTensors(family, model, checkpoint, { type, tokens: Number.POSITIVE_INFINITY });
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: family.gguf }],
    ...(family.generated?.(model).metadata ?? []),
    ...family.metadata(model),
  ]);
  await writeSparseGguf(path, encodeHeader({ metadata, tensors }));
  return true;
}

/** Returns the file of a GGUF source, or an outline that it writes to `folder`; undefined as `writeOutline` returns false. */
export async function outlineFile(
  source: OutlineSource | { file: string },
  folder: string,
): Promise<string | undefined> {
  if ("file" in source) return source.file;
  const path = join(folder, "outline.gguf");
  return (await writeOutline(path, source)) ? path : undefined;
}
