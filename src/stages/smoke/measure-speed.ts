import type { SmokeSpeed } from "../../release/release-report.js";
import type { ChildOutcome } from "./run-smoke-child.js";

/** Returns the speed over all replies; undefined without any reply. */
export function measureSpeed(
  { replies, loaded, peakMemoryBytes }: ChildOutcome,
  settings: { threads: number; context: number },
): SmokeSpeed | undefined {
  const answered = replies.filter((reply) => reply?.kind === "answer" || reply?.kind === "embedding");
  if (loaded === undefined || answered.length === 0) return undefined;
  const sum = (figure: (reply: (typeof answered)[number]) => number) =>
    answered.reduce((total, reply) => total + figure(reply), 0);
  // The first token's time is part of the prompt's.
  const generated = sum((reply) => (reply.kind === "answer" ? Math.max(0, reply.tokens - 1) : 0));
  const seconds = sum((reply) => (reply.kind === "answer" ? reply.seconds : 0));
  return {
    loadSeconds: loaded.seconds,
    promptTokensPerSecond: sum((reply) => reply.promptTokens) / sum((reply) => reply.promptSeconds),
    ...(generated > 0 && seconds > 0 ? { tokensPerSecond: generated / seconds } : {}),
    ...(peakMemoryBytes > 0 ? { peakMemoryBytes } : {}),
    ...settings,
  };
}
