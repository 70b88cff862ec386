import { matchWithin } from "../../util/match-within.js";

/** What a smoke prompt's answer must be; all given expectations must hold. */
export interface Expectation {
  /** A regular expression searched in the answer. */
  matches?: string | undefined;
  contains?: string | undefined;
  /** The whole answer, white space at both ends aside. */
  equals?: string | undefined;
  /** The answer must be one JSON document, a Markdown code fence around it aside. */
  json?: true | undefined;
}

/** Why an answer does not meet its expectation, one sentence each; empty when it does. An empty answer never does. */
export function judgeAnswer(answer: string, expect: Expectation = {}): string[] {
  if (answer.trim() === "") return ["the answer is empty"];
  const failures: string[] = [];
  if (expect.matches !== undefined) {
    const found = matchWithin(expect.matches, answer);
    if (found === undefined) failures.push(`/${expect.matches}/ takes too long on the answer`);
    else if (!found) failures.push(`the answer does not match /${expect.matches}/`);
  }
  if (expect.contains !== undefined && !answer.includes(expect.contains)) {
    failures.push(`the answer does not contain "${expect.contains}"`);
  }
  if (expect.equals !== undefined && answer.trim() !== expect.equals.trim()) {
    failures.push(`the answer is not "${expect.equals}"`);
  }
  if (expect.json === true && !isJson(answer)) failures.push("the answer is not JSON");
  return failures;
}

function isJson(answer: string): boolean {
  const inner = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(answer)?.[1] ?? answer;
  try {
    JSON.parse(inner);
    return true;
  } catch {
    return false;
  }
}
