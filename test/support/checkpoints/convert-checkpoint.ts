import { join } from "node:path";
import { prepareConverterPython } from "../../../src/llamacpp/python/python-env.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import type { NativeParams } from "../../../src/stages/convert/convert-native.js";
import type { ConvertParams } from "../../../src/stages/convert/convert-report.js";
import type { Operation } from "../../../src/stages/stage.js";
import { stageContext } from "../../fixtures/stage-context.js";
import type { Checkpoint } from "./checkpoint.js";

/** Converts the checkpoint in `snapshot` as a run's convert step does; returns the GGUF's path. */
export async function convertCheckpoint(
  operation: Operation<NativeParams> | Operation<ConvertParams>,
  { modelName, baseModel, outtype }: Pick<Checkpoint, "modelName" | "baseModel" | "outtype">,
  snapshot: string,
  run: ToolRun,
): Promise<string> {
  const context = { ...stageContext(run, { snapshot }), python: () => prepareConverterPython() };
  const metadata = { quantizedBy: "quantsmith", repoUrl: `https://huggingface.co/someone/${modelName}-GGUF` };
  const params = { outtype, modelName, baseModel, metadata, pretokenizer: "auto", why: "a test", fallback: false };
  await operation.run(params, context);
  return join(context.out, "model.gguf");
}
