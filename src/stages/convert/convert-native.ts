import { rm } from "node:fs/promises";
import { join } from "node:path";
import { isQwenReranker } from "../../checkpoint/qwen-reranker.js";
import { readConfig } from "../../checkpoint/read-config.js";
import { findFamily } from "../../converter/families/find-family.js";
import { readModelConfig } from "../../converter/model-config.js";
import { NativeUnsupportedError, nativeUnsupported } from "../../converter/native-errors.js";
import { readVocabulary } from "../../converter/vocabulary/read-vocabulary.js";
import { writeNative } from "../../converter/write-model.js";
import { readGguf } from "../../gguf/read-header.js";
import { converterDigest } from "../../llamacpp/tool-digests.js";
import { readPretokenizers } from "../../llamacpp/toolchain/pretokenizers.js";
import { quote } from "../../util/quote.js";
import { type Operation, type OperationReport, requiredInput, type StageContext } from "../stage.js";
import type { ConvertParams } from "./convert-report.js";
import { runUpstream } from "./convert-upstream.js";
import { correctVocabulary } from "./correct-vocabulary.js";
import { pushImpliedEnd } from "./end-of-turn.js";
import { finishConversion } from "./finish-conversion.js";
import { requireFiniteModel } from "./require-finite.js";
import { requireTemplates } from "./require-templates.js";

export interface NativeParams extends ConvertParams {
  /** Whether to fall back to llama.cpp's converter if the opened files turn out to be unsupported. */
  fallback: boolean;
}

/**
 * Converts the snapshot to one 16-bit GGUF in this process, without Python, byte-identical to `convertUpstream`.
 * Input `snapshot`; outputs `model.gguf`, `convert.json`. Errors: QS-CONVERT-*, QS-FETCH-*, QS-TOOL-*, and QS-PYTHON-*
 * with `fallback`.
 */
export const convertNative: Operation<NativeParams> = {
  id: "convert-native",
  stage: "convert",
  version: 10,
  resource: "compute",
  tools: ["pretokenizers"],
  intermediates: ["model.gguf"],
  async run(params, context) {
    context.note(`converting without Python: ${params.why}`);
    await requireTemplates(requiredInput(context, "snapshot"));
    try {
      return await runNative(params, context);
    } catch (error) {
      if (!params.fallback || !(error instanceof NativeUnsupportedError)) throw error;
      context.note(`falling back to llama.cpp's converter: ${error.message}`);
      await rm(join(context.out, "model.gguf"), { force: true });
      // The need is known only now, so the converter's digest is in the report instead of the key.
      const digest = await converterDigest(await context.toolchain(), context.signal);
      return runUpstream({ ...params, why: error.message }, context, { converterDigest: digest });
    }
  },
};

async function runNative(params: NativeParams, context: StageContext): Promise<OperationReport> {
  const folder = requiredInput(context, "snapshot");
  const { config, architecture } = await readConfig(join(folder, "config.json"), "infinity");
  const family = findFamily(config);
  if (family === undefined) throw nativeUnsupported(`does not support the architecture ${quote(architecture)}`);
  if (family.unsupportedNames !== undefined && (await isQwenReranker(folder)))
    throw nativeUnsupported("does not support Qwen3's rerankers, which become classifiers");
  const tokenizer = await readVocabulary({
    folder,
    kind: family.vocabulary,
    config: readModelConfig(family, config).values,
    pretokenizer: params.pretokenizer,
    known: await readPretokenizers(await context.toolchain()),
    context,
  });
  await correctVocabulary(tokenizer, folder);
  await pushImpliedEnd(tokenizer, folder, context);
  const outFile = join(context.out, "model.gguf");
  await writeNative({
    ...{ folder, family, config, tokenizer, outFile },
    outtype: params.outtype,
    threads: context.threads,
    general: params,
    signal: context.signal,
    onProgress: context.progress,
  });
  const gguf = await readGguf(outFile);
  await requireFiniteModel(folder, gguf, context);
  await finishConversion({ snapshot: folder, gguf, engine: "native", params }, context);
  return {};
}
