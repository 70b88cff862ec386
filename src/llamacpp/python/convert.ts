import path from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { runSubprocess } from "../../util/subprocess.js";
import { checkWrittenGguf } from "../check-written-gguf.js";
import { type FailurePattern, toolFailure } from "../tool-failure.js";
import { fileArgument, type ToolReport, type ToolRun, toolReport } from "../tool-run.js";
import { adapterFailures, convertFailures, projectorFailures } from "./convert-failures.js";
import { followWriting } from "./convert-progress.js";
import { converterEnvironment, driverArguments } from "./converter-driver.js";
import type { ConverterPython } from "./converter-python.js";

/** Common options of llama.cpp's conversion scripts. */
interface ScriptOptions extends ToolRun {
  python: ConverterPython;
  outFile: string;
  /** `auto` is the 16-bit type with the smallest loss. */
  outtype: "bf16" | "f16" | "f32" | "q8_0" | "auto";
}

export interface ConvertOptions extends ScriptOptions {
  /**
   * The checkpoint's folder, which may be an absolute path. The converter derives metadata (`general.basename`,
   * `general.size_label`) from its last part, so it should have the model's name.
   */
  modelDir: string;
  /** Value of `general.name`. */
  modelName: string;
  /** JSON file of metadata that replaces the converter's; keys with null are omitted. */
  metadata?: string;
  /** Convert the vision or audio projector instead of the language model. */
  mmproj?: boolean;
  /** Convert only the layers for multi-token prediction, or all others; by default what the converter supports. */
  mtp?: "only" | "none";
  /** Pre-tokenizer to use; by default the converter derives it from the tokenizer's hash. */
  pretokenizer?: string;
}

export interface ConvertLoraOptions extends ScriptOptions {
  /** The adapter's folder: adapter_config.json and its weights. */
  adapterDir: string;
  /** The base model's folder; only its configuration is read. */
  modelDir: string;
}

export interface ConvertResult extends ToolReport {
  fileBytes: number;
}

/**
 * Converts a Hugging Face checkpoint to GGUF with the toolchain's conversion script, offline.
 * Throws `QS-CONVERT-ARCHITECTURE`, `-PRETOKENIZER`, `-TOKENIZER`, `-WEIGHTS`, `-MEMORY`, `-FAILED`, `QS-DISK-FULL`,
 * and `QS-TOOL-CONVERTER` if the toolchain has no scripts.
 */
export function convertToGguf(options: ConvertOptions): Promise<ConvertResult> {
  const args = [
    // One argument, so that a name with a leading dash is not parsed as an option.
    ...[`--model-name=${options.modelName}`, ...(options.mmproj ? ["--mmproj"] : [])],
    ...(options.mtp === undefined ? [] : [options.mtp === "only" ? "--mtp" : "--no-mtp"]),
    ...(options.metadata === undefined ? [] : ["--metadata", fileArgument(options.metadata)]),
  ];
  const patterns = options.mmproj ? projectorFailures : convertFailures;
  return runScript("convert_hf_to_gguf.py", args, options.modelDir, patterns, options);
}

/** Converts a PEFT LoRA adapter to GGUF. Throws the errors of `convertToGguf` and `QS-CONVERT-ADAPTER`. */
export function convertLoraToGguf(options: ConvertLoraOptions): Promise<ConvertResult> {
  return runScript(
    "convert_lora_to_gguf.py",
    ["--base", options.modelDir],
    options.adapterDir,
    adapterFailures,
    options,
  );
}

async function runScript(
  script: string,
  more: readonly string[],
  folder: string,
  patterns: readonly FailurePattern[],
  options: ScriptOptions & { pretokenizer?: string },
): Promise<ConvertResult> {
  const converter = options.toolchain.scripts?.converter;
  if (converter === undefined) {
    throw new QuantsmithError("QS-TOOL-CONVERTER", `the llama.cpp in use does not include ${script}`, {
      remedy: "Set `QUANTSMITH_LLAMA_CPP` to a llama.cpp source folder, or unset it to use the pinned version.",
    });
  }
  const args = ["--outfile", fileArgument(options.outFile), "--outtype", options.outtype, ...more, "--"];
  const file = path.join(path.dirname(converter), script);
  const result = await runSubprocess({
    file: options.python.path,
    args: driverArguments(file, [...args, folder], options.pretokenizer),
    cwd: options.cwd,
    env: converterEnvironment(options.threads, options.cwd),
    ...(options.signal && { signal: options.signal }),
    onText: followWriting(options.onProgress),
  });
  const doing = `converting ${path.basename(folder)} to GGUF`;
  if (result.exitCode !== 0) {
    throw toolFailure(result, {
      doing,
      memoryCode: "QS-CONVERT-MEMORY",
      patterns,
      otherwise: { code: "QS-CONVERT-FAILED", remedy: "Check the last lines of the converter's output." },
    });
  }
  const fileBytes = await checkWrittenGguf(path.join(options.cwd, options.outFile), doing, result);
  return { fileBytes, ...toolReport(script, [...args, path.basename(folder)], result) };
}
