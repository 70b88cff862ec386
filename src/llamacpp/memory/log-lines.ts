import { isChildMessage } from "../../util/child-message.js";

const mebibyte = 2 ** 20;

/** The last line that llama.cpp logs when it creates a context. */
export const lastContextLine = /^sched_reserve: reserve took /;

/** Returns llama.cpp's reason for rejecting a file; skips lines that it prints for every file. */
export function findReason(log: readonly string[]): string {
  const messages = log.filter((line) => line !== "" && !line.startsWith("print_info:"));
  const found = (pattern: RegExp) => messages.find((line) => pattern.test(line));
  const reason = found(/error|failed/i) ?? found(/unknown|missing|wrong|invalid/i) ?? messages.at(-1);
  return reason ?? "llama.cpp did not print a reason";
}

/** Removes the child's protocol messages from its last lines. */
export function withoutMessages(tail: string): string {
  return tail
    .split("\n")
    .filter((line) => !isChildMessage(line))
    .join("\n");
}

/**
 * Parses the bytes of the caches and of the output buffer from the lines that llama.cpp logs when it creates a context:
 * MiB with two decimals. In a simulation, a cache's buffer is empty; the line after it contains the real size.
 */
export function readContextLines(lines: readonly string[]): { cache: number; output: number } {
  const sizes = (pattern: RegExp) =>
    lines.reduce((sum, line) => sum + Math.round(Number(pattern.exec(line)?.[1] ?? 0) * mebibyte), 0);
  return {
    cache: sizes(/^llama_(?:kv_cache|memory_recurrent): size = +([\d.]+) MiB/),
    output: sizes(/^llama_context: .*\boutput buffer size = +([\d.]+) MiB/),
  };
}
