import type { SmokeReport } from "./smoke-report.js";

/** Why a variant does not pass its smoke test, one sentence each. What a crash left unanswered is not told again. */
export function smokeReasons({ problem, answers }: SmokeReport): string[] {
  const failed = answers.filter(
    ({ failures, stopReason, cosine }) =>
      failures.length > 0 && (problem === null || stopReason !== "none" || cosine !== undefined),
  );
  return [
    ...(problem === null ? [] : [`smoke test: ${problem}`]),
    ...failed.map(({ prompt, answer, cosine, failures }) => {
      const gave = cosine === undefined ? ` gave "${answer}"` : "";
      return `smoke "${prompt}"${gave}: ${failures.join("; ")}`;
    }),
  ];
}
