import path from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { runSubprocess } from "../util/subprocess.js";
import { convertFailures } from "./convert-failures.js";
import { writtenGgufBytes } from "./gguf-written.js";
import type { ConverterPython } from "./python-env.js";
import { toolFailure } from "./tool-failure.js";
import { fileArgument, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

export interface ConvertOptions extends ToolRun {
  python: ConverterPython;
  /**
   * The checkpoint's folder. Unlike other files it may be absolute, but the converter guesses metadata
   * (`general.basename`, `general.size_label`) from its last part, so it should be named like the model.
   */
  modelDir: string;
  outFile: string;
  /** `auto` is the 16-bit type that loses least. */
  outtype: "bf16" | "f16" | "f32" | "auto";
  /** Goes into `general.name`. */
  modelName: string;
  /** A JSON file of metadata that replaces what the converter would guess; a key that is null is left out. */
  metadata?: string;
  /** Convert the vision or audio projector instead of the language model. */
  mmproj?: boolean;
}

export interface ConvertResult extends ToolReport {
  fileBytes: number;
}

const script = "convert_hf_to_gguf.py";

/**
 * Converts a Hugging Face checkpoint to GGUF with the script that belongs to the tools, offline.
 * Throws `QS-CONVERT-ARCHITECTURE`, `-PRETOKENIZER`, `-TOKENIZER`, `-WEIGHTS`, `-MEMORY`, `-FAILED`, `QS-DISK-FULL`,
 * and `QS-TOOL-CONVERTER` when the tools came without their source.
 */
export async function convertToGguf(options: ConvertOptions): Promise<ConvertResult> {
  const converter = options.toolchain.scripts?.converter;
  if (converter === undefined) {
    throw new QuantsmithError("QS-TOOL-CONVERTER", `The llama.cpp in use came without ${script}`, {
      remedy: "Point QUANTSMITH_LLAMA_CPP at a llama.cpp source folder, or unset it to use the pinned one.",
    });
  }
  const args = [
    ...["--outfile", fileArgument(options.outFile), "--outtype", options.outtype],
    // One word, so that a name that begins with a dash is not read as an option.
    ...[`--model-name=${options.modelName}`, ...(options.mmproj ? ["--mmproj"] : [])],
    ...(options.metadata === undefined ? [] : ["--metadata", fileArgument(options.metadata)]),
  ];
  const result = await runSubprocess({
    file: options.python.path,
    args: [converter, ...args, "--", options.modelDir],
    cwd: options.cwd,
    env: converterEnvironment(options.threads),
    ...(options.signal && { signal: options.signal }),
    onText: followWriting(options.onProgress),
  });
  const doing = `converting ${path.basename(options.modelDir)} to GGUF`;
  if (result.exitCode !== 0) {
    throw toolFailure(result, {
      doing,
      memoryCode: "QS-CONVERT-MEMORY",
      patterns: convertFailures,
      otherwise: { code: "QS-CONVERT-FAILED", remedy: "See the converter's last lines for what it did not expect." },
    });
  }
  const fileBytes = await writtenGgufBytes(path.join(options.cwd, options.outFile), doing, result);
  return { fileBytes, ...toolReport(script, [...args, "--", path.basename(options.modelDir)], result) };
}

/** No network, no packages from the user's own folders, no compiled files beside the script, UTF-8 whatever the locale. */
function converterEnvironment(threads: number): Record<string, string> {
  return {
    HF_HUB_OFFLINE: "1",
    TRANSFORMERS_OFFLINE: "1",
    HF_HUB_DISABLE_TELEMETRY: "1",
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONNOUSERSITE: "1",
    PYTHONPATH: "",
    PYTHONUTF8: "1",
    OMP_NUM_THREADS: `${threads}`,
  };
}

const unitBytes: Record<string, number> = { "": 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Follows tqdm's bar: "Writing:  62%|██▏ | 7.22M/11.5M [00:00<00:00, 70.7Mbyte/s]". */
function followWriting(onProgress: ToolRun["onProgress"]): (text: string) => void {
  let rest = "";
  return (text) => {
    rest = (rest + text).slice(-4096);
    const bar = [...rest.matchAll(/Writing:[^\r\n]*?\| +([\d.]+)([kKMGT]?)\/([\d.]+)([kKMGT]?) \[/g)].at(-1);
    if (!bar) return;
    const bytes = (value = "", unit = "") => Number(value) * (unitBytes[unit] ?? 1);
    onProgress?.({ done: bytes(bar[1], bar[2]), total: bytes(bar[3], bar[4]), unit: "byte" });
    rest = rest.slice(bar.index + bar[0].length);
  };
}
