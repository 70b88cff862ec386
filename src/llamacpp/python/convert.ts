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

/** What every one of llama.cpp's conversion scripts is told. */
interface ScriptOptions extends ToolRun {
  python: ConverterPython;
  outFile: string;
  /** `auto` is the 16-bit type that loses least. */
  outtype: "bf16" | "f16" | "f32" | "auto";
}

export interface ConvertOptions extends ScriptOptions {
  /**
   * The checkpoint's folder. Unlike other files it may be absolute, but the converter guesses metadata
   * (`general.basename`, `general.size_label`) from its last part, so it should be named like the model.
   */
  modelDir: string;
  /** Goes into `general.name`. */
  modelName: string;
  /** A JSON file of metadata that replaces what the converter would guess; a key that is null is left out. */
  metadata?: string;
  /** Convert the vision or audio projector instead of the language model. */
  mmproj?: boolean;
  /** Assumed instead of the one that the tokenizer's hash tells; absent: the converter finds it out. */
  pretokenizer?: string;
}

export interface ConvertLoraOptions extends ScriptOptions {
  /** The adapter's folder: adapter_config.json and its weights. */
  adapterDir: string;
  /** The folder of the checkpoint it belongs to; only its configuration is read. */
  modelDir: string;
}

export interface ConvertResult extends ToolReport {
  fileBytes: number;
}

/**
 * Converts a Hugging Face checkpoint to GGUF with the script that belongs to the tools, offline.
 * Throws `QS-CONVERT-ARCHITECTURE`, `-PRETOKENIZER`, `-TOKENIZER`, `-WEIGHTS`, `-MEMORY`, `-FAILED`, `QS-DISK-FULL`,
 * and `QS-TOOL-CONVERTER` when the tools came without their source.
 */
export function convertToGguf(options: ConvertOptions): Promise<ConvertResult> {
  const args = [
    // One word, so that a name that begins with a dash is not read as an option.
    ...[`--model-name=${options.modelName}`, ...(options.mmproj ? ["--mmproj"] : [])],
    ...(options.metadata === undefined ? [] : ["--metadata", fileArgument(options.metadata)]),
  ];
  const patterns = options.mmproj ? projectorFailures : convertFailures;
  return runScript("convert_hf_to_gguf.py", args, options.modelDir, patterns, options);
}

/** Converts a PEFT LoRA adapter to GGUF. Throws what `convertToGguf` throws. */
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
    throw new QuantsmithError("QS-TOOL-CONVERTER", `The llama.cpp in use came without ${script}`, {
      remedy: "Point QUANTSMITH_LLAMA_CPP at a llama.cpp source folder, or unset it to use the pinned one.",
    });
  }
  const args = ["--outfile", fileArgument(options.outFile), "--outtype", options.outtype, ...more, "--"];
  const file = path.join(path.dirname(converter), script);
  const result = await runSubprocess({
    file: options.python.path,
    args: driverArguments(file, [...args, folder], options.pretokenizer),
    cwd: options.cwd,
    env: converterEnvironment(options.threads),
    ...(options.signal && { signal: options.signal }),
    onText: followWriting(options.onProgress),
  });
  const doing = `converting ${path.basename(folder)} to GGUF`;
  if (result.exitCode !== 0) {
    throw toolFailure(result, {
      doing,
      memoryCode: "QS-CONVERT-MEMORY",
      patterns,
      otherwise: { code: "QS-CONVERT-FAILED", remedy: "See the converter's last lines for what it did not expect." },
    });
  }
  const fileBytes = await checkWrittenGguf(path.join(options.cwd, options.outFile), doing, result);
  return { fileBytes, ...toolReport(script, [...args, path.basename(folder)], result) };
}
