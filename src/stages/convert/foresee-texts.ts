import { findFamily } from "../../converter/families/find-family.js";
import { readModelConfig } from "../../converter/model-config.js";
import { readPoolingType } from "../../converter/pooling.js";
import { readRope } from "../../converter/rope-parameters.js";
import { readVocabulary } from "../../converter/vocabulary/read-vocabulary.js";
import type { GgufValue } from "../../gguf/gguf.js";
import { readPretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../util/canonical-json.js";
import type { Warning } from "../../util/warnings.js";
import type { PrepareContext } from "../stage.js";
import { pushImpliedEnd } from "./end-of-turn.js";
import { templateWarnings } from "./template-warnings.js";
import { textWarnings } from "./text-warnings.js";

/** A local checkpoint before its conversion. */
export interface ForeseenTexts {
  folder: string;
  config: JsonObject;
  pretokenizer: string;
  /** Whether it is converted without Python. */
  isNative: boolean;
}

/**
 * Returns the warnings of a conversion about tokenizer and chat templates before it runs; for llama.cpp's converter, only
 * those about chat templates. Errors: those of `readVocabulary`.
 */
export async function foreseeTexts(
  { folder, config, pretokenizer, isNative }: ForeseenTexts,
  context: Omit<PrepareContext, "input">,
): Promise<Warning[]> {
  const family = isNative ? findFamily(config) : undefined;
  if (family === undefined) return templateWarnings(folder);
  const h = readModelConfig(family, config);
  const pooling = await readPoolingType(folder);
  const tokenizer = await readVocabulary({
    ...{ folder, kind: family.vocabulary, config: h.values, pretokenizer, context },
    known: await readPretokenizers(await context.toolchain()),
  });
  await pushImpliedEnd(tokenizer, folder);
  const model = { h, rope: readRope(h, family.ropeTypes), fileType: 0, ...(pooling === undefined ? {} : { pooling }) };
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: family.gguf }],
    ...family.metadata(model),
    ...tokenizer,
  ]);
  return textWarnings({ metadata }, folder);
}
