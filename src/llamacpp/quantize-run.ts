import type { SubprocessResult } from "../util/subprocess.js";
import { modelLoadPattern } from "./input-failures.js";
import { parseQuantizeReport, type QuantizeReport } from "./quantize-report.js";
import { type FailurePattern, toolFailure } from "./tool-failure.js";
import { fileArgument, runTool, type ToolReport, type ToolRun, toolReport } from "./tool-run.js";

/** What both a real and a dry run are given. */
export interface QuantizePlan extends ToolRun {
  model: string;
  /** A llama.cpp preset such as `Q4_K_M`. */
  type: string;
  /** Its name is written into the variant. */
  imatrix?: string;
  /** A file of `name-pattern=type` lines that override the preset. */
  tensorTypes?: string;
}

export interface QuantizeRunResult extends QuantizeReport, ToolReport {}

const patterns: readonly FailurePattern[] = [
  {
    pattern: /offending tensor: (\S+)|Missing importance matrix for tensor (\S+)/,
    code: "QS-QUANTIZE-IMATRIX",
    message: ([, offending, missing]) => `The type of ${offending ?? missing} needs an imatrix that covers it`,
    remedy: "Add or enlarge `calibration` in the recipe, or choose a type of more bits for this tensor.",
  },
  {
    pattern:
      /imatrix size \d+ is different from tensor size \d+ for (\S+)|imatrix contains non-finite value|failed to load imatrix|missing imatrix metadata/,
    code: "QS-QUANTIZE-IMATRIX",
    message: ([what, tensor]) => `The imatrix does not fit the model${tensor ? ` at ${tensor}` : `: ${what}`}`,
    remedy: "It was made for another model or is damaged; compute it again with --fresh.",
  },
  {
    pattern: /invalid ftype '([^']*)'|invalid ggml_type '([^']*)'|malformed tensor type '([^']*)'/,
    code: "QS-QUANTIZE-TYPE",
    message: ([, preset, type, line]) => `llama.cpp does not know the type ${preset ?? type ?? line}`,
    remedy: "`quantsmith types` lists presets and tensor types.",
  },
  modelLoadPattern("QS-QUANTIZE-FAILED"),
];

/** Runs llama-quantize; `out` undefined means a dry run. Fails by what the tool prints, see `quantize`. */
export async function runQuantize(
  plan: QuantizePlan,
  out: string | undefined,
): Promise<{ report: QuantizeRunResult; result: SubprocessResult; doing: string }> {
  const args = [
    ...(plan.imatrix === undefined ? [] : ["--imatrix", fileArgument(plan.imatrix)]),
    ...(plan.tensorTypes === undefined ? [] : ["--tensor-type-file", fileArgument(plan.tensorTypes)]),
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
    const remedy = "See the tool's last lines; a preset it cannot apply to this model is the usual reason.";
    throw toolFailure(result, { doing, patterns, otherwise: { code: "QS-QUANTIZE-FAILED", remedy } });
  }
  return { report: { ...parsed, ...toolReport("llama-quantize", args, result) }, result, doing };
}

/** A tensor is counted when its line begins: "[  12/  56] blk.0...". */
function followTensors(onProgress: ToolRun["onProgress"]): (text: string) => void {
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
