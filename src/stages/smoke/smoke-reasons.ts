import type { SmokeReport } from "./smoke-report.js";

/** Returns the failures of a smoke test, one sentence each; without the questions that a crash left unanswered. */
export function smokeReasons({ problem, answers }: SmokeReport): string[] {
  const failed = answers.filter(
    ({ failures, stopReason, cosine }) =>
      failures.length > 0 && (problem === null || stopReason !== "none" || cosine !== undefined),
  );
  return [
    ...(problem === null ? [] : [`smoke test: ${problem}`]),
    ...failed.map(({ prompt, projector, answer, cosine, failures }) => {
      const gave = cosine === undefined ? ` gave "${answer}"` : "";
      const through = projector === undefined ? "" : ` with a picture and the projector ${projector}`;
      return `smoke "${prompt}"${through}${gave}: ${failures.join("; ")}`;
    }),
  ];
}
