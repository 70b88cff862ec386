import type { ErrorCode } from "../util/error-codes.js";
import { QuantsmithError } from "../util/errors.js";
import type { SubprocessResult } from "../util/subprocess.js";

/** A failure known by what the tool prints; `message` may use the groups of `pattern`. */
export interface FailurePattern {
  pattern: RegExp;
  code: ErrorCode;
  message: (match: RegExpExecArray) => string;
  remedy: string;
}

export interface FailureContext {
  /** What was being done to what, for messages: `quantizing model.gguf to Q4_K_M`. */
  doing: string;
  /** Failures only this tool has; tried after the ones every tool can have. */
  patterns?: readonly FailurePattern[];
  /** The code and remedy when nothing matches. */
  otherwise: { code: ErrorCode; remedy: string };
  /** The code for running out of memory, where the tool has its own. */
  memoryCode?: ErrorCode;
}

const diskFull =
  /No space left on device|iostream error|basic_ios::clear|Disk quota exceeded|\bENOSPC\b|OSError: \d+ requested and \d+ written/;
const outOfMemory =
  /std::bad_alloc|\bMemoryError\b|Cannot allocate memory|unable to allocate|failed to allocate .*buffer/i;
const broken = /error while loading shared libraries|Library not loaded|no backends are loaded|symbol lookup error/;

/** Turns the end of a native tool that did not do its work into the one error that says why. */
export function toolFailure(result: SubprocessResult, context: FailureContext): QuantsmithError {
  const text = `${result.stdout}\n${result.stderr}`;
  const fail = (code: ErrorCode, message: string, remedy: string) =>
    new QuantsmithError(code, message, { remedy, output: result.tail });

  // Our own abort never gets here: runSubprocess throws its reason.
  if (result.signal === "SIGKILL") {
    return fail(
      context.memoryCode ?? "QS-ENV-OOM",
      `The tool was killed by the system, most likely for memory, while ${context.doing}`,
      "Close other programs or use a machine with more memory; fewer jobs at once also help.",
    );
  }
  if (outOfMemory.test(text)) {
    return fail(
      context.memoryCode ?? "QS-ENV-OOM",
      `Memory ran out while ${context.doing}`,
      "Close other programs or use a machine with more memory.",
    );
  }
  if (diskFull.test(text)) return diskFullError(context.doing, result);
  // 126 and 127 come from what starts the tool, see parent-death.ts: not executable, or not there.
  const { exitCode } = result;
  const started = exitCode === undefined ? result.signal !== undefined : exitCode !== 126 && exitCode !== 127;
  if (!started || broken.test(text)) {
    return fail(
      "QS-TOOL-BROKEN",
      `The tool could not be started for ${context.doing}`,
      "Run `quantsmith doctor`; remove the tools it lists from the cache folder and they are built again.",
    );
  }
  for (const known of context.patterns ?? []) {
    const match = known.pattern.exec(text);
    if (match) return fail(known.code, known.message(match), known.remedy);
  }
  return fail(
    context.otherwise.code,
    `The tool failed (${endOf(result)}) while ${context.doing}`,
    context.otherwise.remedy,
  );
}

/** For a tool that ended well but whose output is not whole: llama.cpp does that when the disk is full. */
export function diskFullError(doing: string, result: SubprocessResult): QuantsmithError {
  return new QuantsmithError("QS-DISK-FULL", `The disk is full: the output could not be written while ${doing}`, {
    remedy: "Free some space, or choose another output folder with --out, and run again.",
    output: result.tail,
  });
}

function endOf(result: SubprocessResult): string {
  return result.signal === undefined ? `exit code ${result.exitCode}` : `signal ${result.signal}`;
}
