import { existsSync } from "node:fs";
import type { ErrorCode } from "../util/error-codes.js";
import { QuantsmithError } from "../util/errors.js";
import type { SubprocessResult } from "../util/subprocess.js";
import { fileSizeRemedy } from "../util/system-failure.js";

/** A failure recognized by the tool's output; `message` receives the match of `pattern`. */
export interface FailurePattern {
  pattern: RegExp;
  code: ErrorCode;
  message: (match: RegExpExecArray) => string;
  remedy: string;
}

export interface FailureContext {
  /** Participle phrase for messages: `quantizing model.gguf to Q4_K_M`. */
  doing: string;
  /** Failures of this tool; matched after the failures common to all tools. */
  patterns?: readonly FailurePattern[];
  /** Code and remedy if nothing matches. */
  otherwise: { code: ErrorCode; remedy: string };
  /** Code for insufficient memory; `QS-ENV-OOM` by default. */
  memoryCode?: ErrorCode;
}

const diskFull =
  /No space left on device|iostream error|basic_ios::clear|Disk quota exceeded|\bENOSPC\b|OSError: \d+ requested and \d+ written/;
const outOfMemory =
  /std::bad_alloc|\bMemoryError\b|Cannot allocate memory|unable to allocate|failed to allocate .*buffer/i;
const tooLarge = /File too large|\bEFBIG\b/;
const broken = /error while loading shared libraries|Library not loaded|no backends are loaded|symbol lookup error/;

/** Returns the error for a failed run of a native tool, with the cause found in its output. */
export function toolFailure(result: SubprocessResult, context: FailureContext): QuantsmithError {
  const text = `${result.stdout}\n${result.stderr}`;
  const fail = (code: ErrorCode, message: string, remedy: string) =>
    new QuantsmithError(code, message, { remedy, output: result.tail });

  // Not an abort by the caller, for which runSubprocess throws the reason.
  if (result.signal === "SIGKILL") {
    return fail(
      context.memoryCode ?? "QS-ENV-OOM",
      `the system killed the tool while ${context.doing}, most likely because memory ran out`,
      "Close other programs, run fewer jobs at once, or use a machine with more memory.",
    );
  }
  if (outOfMemory.test(text)) {
    return fail(
      context.memoryCode ?? "QS-ENV-OOM",
      `memory ran out while ${context.doing}`,
      "Close other programs, raise `ulimit -v`, or use a machine with more memory.",
    );
  }
  if (result.signal === "SIGXFSZ" || tooLarge.test(text)) {
    return fail("QS-ENV-LIMIT", `the output exceeds the limit of file sizes while ${context.doing}`, fileSizeRemedy);
  }
  if (diskFull.test(text)) return diskFullError(context.doing, result);
  // Exit codes of the launcher, see parent-death.ts: 126 not executable, 127 not found.
  const { exitCode } = result;
  const started = exitCode === undefined ? result.signal !== undefined : exitCode !== 126 && exitCode !== 127;
  if (!started || broken.test(text)) {
    return fail(
      "QS-TOOL-BROKEN",
      `${context.doing}: the tool did not start`,
      // The loader finds the libraries beside a tool through /proc/self/exe.
      process.platform === "linux" && !existsSync("/proc/self/exe")
        ? "Mount /proc, which this environment lacks."
        : "Run `quantsmith doctor`, and delete the listed tools from the cache folder to rebuild them.",
    );
  }
  for (const known of context.patterns ?? []) {
    const match = known.pattern.exec(text);
    if (match) return fail(known.code, known.message(match), known.remedy);
  }
  return fail(
    context.otherwise.code,
    `the tool failed (${endOf(result)}) while ${context.doing}`,
    context.otherwise.remedy,
  );
}

/** Returns the error for a full disk, also for a tool that exited with code 0 and left a truncated output. */
export function diskFullError(doing: string, result: SubprocessResult): QuantsmithError {
  return new QuantsmithError("QS-DISK-FULL", `the disk is full: the output could not be written while ${doing}`, {
    remedy: "Free disk space or choose another output folder with `--out`, then run again.",
    output: result.tail,
  });
}

function endOf(result: SubprocessResult): string {
  return result.signal === undefined ? `exit code ${result.exitCode}` : `signal ${result.signal}`;
}
