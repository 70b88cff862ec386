import { join } from "node:path";
import { findFamily } from "../../converter/families/find-family.js";
import { fp8Layout } from "../../converter/fp8-layout.js";
import { withScales } from "../../converter/fp8-scales.js";
import { readModelConfig } from "../../converter/model-config.js";
import { fileTypeOf, type OutType, outputType } from "../../converter/output-type.js";
import { planTensors } from "../../converter/plan-tensors.js";
import { readCheckpoint } from "../../converter/read-checkpoint.js";
import { readRope } from "../../converter/rope-parameters.js";
import { encodeHeader } from "../../gguf/encode-header.js";
import type { GgufValue } from "../../gguf/gguf.js";
import { writeSparseGguf } from "../../gguf/write-sparse-gguf.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { gptOssOutline, isGptOss, type Outline } from "./outline-gpt-oss.js";

/** A checkpoint before its conversion. */
export interface OutlineSource {
  folder: string;
  config: JsonObject;
  outtype: OutType;
}

/**
 * Writes the outline of a checkpoint's base to `path`: the tensors and the architecture that the conversion would write,
 * without values and without a vocabulary, for a dry run of llama-quantize. Reads only headers. Returns false for a
 * checkpoint whose tensors are not known. Throws QS-CONVERT-*, QS-FETCH-*.
 */
export async function writeOutline(path: string, source: OutlineSource): Promise<boolean> {
  const outline = await readOutline(source);
  if (outline === undefined) return false;
  await writeSparseGguf(path, encodeHeader(outline));
  return true;
}

async function readOutline({ folder, config, outtype }: OutlineSource): Promise<Outline | undefined> {
  if (isGptOss(config)) return gptOssOutline(config, await readCheckpoint(folder, false), outtype);
  const family = findFamily(config);
  if (family === undefined) return undefined;
  const h = readModelConfig(family, config);
  const stored = await readCheckpoint(folder, family.multimodal === true);
  const type = outputType(outtype, stored);
  const model = { h, rope: readRope(h, family.ropeTypes), fileType: fileTypeOf(type) };
  const tensors = planTensors(family, model, withScales(stored, fp8Layout(h.values.quantization_config)), {
    type,
    tokens: Number.POSITIVE_INFINITY,
  });
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: family.gguf }],
    ...(family.generated?.(model).metadata ?? []),
    ...family.metadata(model),
  ]);
  return { metadata, tensors };
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
