import type { Family } from "../../converter/families/family.js";
import { findFamily } from "../../converter/families/find-family.js";
import { readModelConfig } from "../../converter/model-config.js";
import { NativeUnsupportedError } from "../../converter/native-errors.js";
import { readPoolingType } from "../../converter/pooling.js";
import { readCheckpoint } from "../../converter/read-checkpoint.js";
import { readRope } from "../../converter/rope-parameters.js";
import { readVocabulary } from "../../converter/vocabulary/read-vocabulary.js";
import type { GgufValue } from "../../gguf/gguf.js";
import { addsEos } from "../../llamacpp/eos-override.js";
import { readPretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { Warning } from "../../util/warnings.js";
import type { PrepareContext } from "../stage.js";
import { addedEos } from "../warn-of-added-eos.js";
import { checkpointWarnings } from "./checkpoint-warnings.js";
import { correctVocabulary } from "./correct-vocabulary.js";
import { pushImpliedEnd } from "./end-of-turn.js";
import { requireLoadable } from "./require-loadable.js";
import { requireTemplates } from "./require-templates.js";
import { templateWarnings } from "./template-warnings.js";
import { textWarnings } from "./text-warnings.js";

/** A local checkpoint before its conversion. */
export interface ForeseenCheckpoint {
  folder: string;
  config: JsonObject;
  pretokenizer: string;
  modelName: string;
  /** Whether it is converted without Python. */
  isNative: boolean;
}

/**
 * Returns the warnings about a checkpoint's tokenizer, chat templates, keys and output matrix before its conversion and
 * measurement; for llama.cpp's converter, only those about chat templates. Errors: those of `readVocabulary`, and
 * QS-CONVERT-TOKEN.
 */
export async function foreseeCheckpoint(
  checkpoint: ForeseenCheckpoint,
  context: Omit<PrepareContext, "input">,
): Promise<Warning[]> {
  await requireTemplates(checkpoint.folder);
  const family = checkpoint.isNative ? findFamily(checkpoint.config) : undefined;
  if (family === undefined) return templateWarnings(checkpoint.folder);
  try {
    return await foreseeNative(family, checkpoint, context);
  } catch (error) {
    // The conversion falls back to llama.cpp's converter.
    if (error instanceof NativeUnsupportedError) return templateWarnings(checkpoint.folder);
    throw error;
  }
}

async function foreseeNative(
  family: Family,
  { folder, config, pretokenizer, modelName }: ForeseenCheckpoint,
  context: Omit<PrepareContext, "input">,
): Promise<Warning[]> {
  const h = readModelConfig(family, config);
  const pooling = await readPoolingType(folder);
  const tokenizer = await readVocabulary({
    ...{ folder, kind: family.vocabulary, config: h.values, pretokenizer, context },
    known: await readPretokenizers(await context.toolchain()),
  });
  await correctVocabulary(tokenizer, folder);
  await pushImpliedEnd(tokenizer, folder, { note: () => undefined });
  const model = { h, rope: readRope(h, family.ropeTypes), fileType: 0, ...(pooling === undefined ? {} : { pooling }) };
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: family.gguf }],
    ["general.name", { type: "string", value: modelName }],
    ...family.metadata(model),
    ...tokenizer,
  ]);
  requireLoadable({ metadata });
  const tensors = await readCheckpoint(folder, family.multimodal === true);
  const stored = (name: string) => {
    const tensor = tensors.find((each) => each.name === name);
    return tensor && { ...tensor, type: tensor.dtype };
  };
  const matrices = { embedding: stored("model.embed_tokens.weight"), output: stored("lm_head.weight") };
  const rules = family.tensors(h);
  const names = tensors.flatMap(({ name }) => rules.get(name)?.gguf ?? []);
  return [
    ...(await textWarnings({ metadata }, folder)),
    ...(await checkpointWarnings({ gguf: { metadata }, matrices, tensors: names }, folder, context)),
    ...(addsEos({ metadata }) ? [addedEos] : []),
  ];
}
