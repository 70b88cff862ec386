import { join } from "node:path";
import { readPretokenizers } from "../../../llamacpp/pretokenizers.js";
import { readConfig } from "../../fetch/read-config.js";
import { type Operation, requiredInput } from "../../stage.js";
import { writeReport } from "../../step-files.js";
import { type ConvertParams, describeConverted } from "../convert-report.js";
import { findFamily } from "./families/find-family.js";
import { readModelConfig } from "./model-config.js";
import { notNative } from "./refuse.js";
import { readVocabulary } from "./vocabulary/read-vocabulary.js";
import { writeNative } from "./write-model.js";

/**
 * Converts the snapshot to one 16-bit GGUF in this process, without Python, to the same bytes as llama.cpp's converter.
 * Input `snapshot`; outputs `model.gguf`, `convert.json`. Errors: QS-CONVERT-*, QS-FETCH-*, QS-TOOL-*.
 */
export const convertNative: Operation<ConvertParams> = {
  id: "convert-native",
  stage: "convert",
  version: 2,
  resource: "compute",
  tools: ["pretokenizers"],
  intermediates: ["model.gguf"],
  async run(params, context) {
    context.note(`without Python: ${params.why}`);
    const folder = requiredInput(context, "snapshot");
    const { config, architecture } = await readConfig(join(folder, "config.json"), "infinity");
    const family = findFamily(config);
    if (family === undefined) throw notNative(`does not know the architecture ${architecture}`);
    const tokenizer = await readVocabulary({
      folder,
      kind: family.vocabulary,
      config: readModelConfig(family, config).values,
      pretokenizer: params.pretokenizer,
      known: await readPretokenizers(await context.toolchain()),
    });
    const outFile = join(context.out, "model.gguf");
    await writeNative({
      ...{ folder, family, config, tokenizer, outFile },
      outtype: params.outtype,
      threads: context.threads,
      general: params,
      signal: context.signal,
      onProgress: context.progress,
    });
    await writeReport(context, "convert.json", await describeConverted(outFile, "native", params));
    return {};
  },
};
