import { quote } from "../util/quote.js";
import type { SubprocessResult } from "../util/subprocess.js";
import { modelLoadPattern } from "./input-failures.js";
import { parseQuantizeReport, type QuantizeReport } from "./quantize-report.js";
import { type FailurePattern, toolFailure } from "./tool-failure.js";
import { fileArgument, runTool, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

/** Options of both a real and a dry run. */
export interface QuantizePlan extends ToolRun {
  model: string;
  /** A llama.cpp preset such as `Q4_K_M`. */
  type: string;
  /** File whose name is stored in the variant. */
  imatrix?: string;
  /** File of `name-pattern=type` lines that override the preset. */
  tensorTypes?: string;
  /** Whether a real run quantizes tensors again that are already quantized; without it, it fails at the first one. */
  allowRequantize?: boolean;
}

export interface QuantizeRunResult extends QuantizeReport, ToolReport {}

const patterns: readonly FailurePattern[] = [
  {
    pattern: /offending tensor: (\S+)|Missing importance matrix for tensor (\S+)/,
    code: "QS-QUANTIZE-IMATRIX",
    message: ([, offending, missing = ""]) =>
      `the type of ${quote(offending ?? missing)} needs an imatrix that covers it`,
    remedy: "Add or extend `calibration` in the recipe, or choose a larger type for this tensor.",
  },
  {
    pattern:
      /imatrix size \d+ is different from tensor size \d+ for (\S+)|imatrix contains non-finite value|failed to load imatrix|missing imatrix metadata/,
    code: "QS-QUANTIZE-IMATRIX",
    message: ([line, tensor]) => `the imatrix does not match the model${tensor ? ` at ${tensor}` : `: ${line}`}`,
    remedy: "Compute the imatrix again with `--fresh`: it is damaged or belongs to another model.",
  },
  {
    pattern: /invalid ftype '([^']*)'|invalid ggml_type '([^']*)'|malformed tensor type '([^']*)'/,
    code: "QS-QUANTIZE-TYPE",
    message: ([, preset, type, line = ""]) => `llama.cpp does not support the type ${quote(preset ?? type ?? line)}`,
    remedy: "Run `quantsmith types` for a list of presets and tensor types.",
  },
  modelLoadPattern("QS-QUANTIZE-FAILED"),
];

/** Runs llama-quantize; a dry run if `out` is undefined. Throws the errors of `quantize`. */
export async function runQuantize(
  plan: QuantizePlan,
  out: string | undefined,
): Promise<{ report: QuantizeRunResult; result: SubprocessResult; doing: string }> {
  const args = [
    ...(plan.imatrix === undefined ? [] : ["--imatrix", fileArgument(plan.imatrix)]),
    ...(plan.tensorTypes === undefined ? [] : ["--tensor-type-file", fileArgument(plan.tensorTypes)]),
    ...(plan.allowRequantize === true ? ["--allow-requantize"] : []),
    ...(out === undefined ? ["--dry-run"] : []),
    fileArgument(plan.model),
    ...(out === undefined ? [] : [fileArgument(out)]),
    ...[plan.type, `${plan.threads}`],
  ];
  const result = await runTool(plan, "llama-quantize", args, followTensors(plan.onProgress));
  const doing =
    out === undefined ? `planning ${plan.type} of ${plan.model}` : `quantizing ${plan.model} to ${plan.type}`;
  const parsed = result.exitCode === 0 ? parseQuantizeReport(result.stderr) : undefined;
  if (parsed === undefined) {
    const remedy = "Check the last lines of the tool's output; the preset may not apply to this model.";
    throw toolFailure(result, { doing, patterns, otherwise: { code: "QS-QUANTIZE-FAILED", remedy } });
  }
  return { report: { ...parsed, ...toolReport("llama-quantize", args, result) }, result, doing };
}

/** Counts a tensor at the start of its line: "[  12/  56] blk.0...". */
export function followTensors(onProgress: ToolRun["onProgress"]): (text: string) => void {
  if (!onProgress) return () => {};
  let rest = "";
  return (text) => {
    rest = (rest + text).slice(-4096);
    const last = [...rest.matchAll(/\[\s*(\d+)\/\s*(\d+)\] /g)].at(-1);
    if (!last) return;
    onProgress({ done: Number(last[1]), total: Number(last[2]), unit: "tensor" });
    rest = rest.slice(last.index + last[0].length);
  };
}
