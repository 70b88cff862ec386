import { formerFiles, historyFile, parseHistory } from "../history.js";
import type { ReleaseSource } from "./release-source.js";
import { errorProblem, type VerifyProblem } from "./verify-report.js";

/** Checks the format of `history.json`; undefined text passes. */
export function checkHistory(text: string | undefined): VerifyProblem[] {
  const parsed = text === undefined ? [] : parseHistory(text);
  if (typeof parsed !== "string") return [];
  return [errorProblem("QS-VERIFY-FIGURE", historyFile, `${historyFile} has an invalid format: ${parsed}`)];
}

/** Returns the paths outside a release that are unchanged model files of the former releases in its history. */
export async function findFormerFiles(
  source: ReleaseSource,
  outside: readonly string[],
  history: string | undefined,
): Promise<Set<string>> {
  const parsed = history === undefined ? [] : parseHistory(history);
  const named = formerFiles(typeof parsed === "string" ? [] : parsed);
  const found = new Set<string>();
  for (const path of outside) {
    const sha256 = named.get(path);
    if (sha256 !== undefined && (await source.sha256(path)) === sha256) found.add(path);
  }
  return found;
}
