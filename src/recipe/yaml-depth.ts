import { type CST, Parser } from "yaml";

/** Nesting that no recipe reaches (the deepest key stands at 5). */
const maximumDepth = 50;

export interface SyntaxProblem {
  /** Character offsets in the text. */
  start: number;
  end: number;
  message: string;
  remedy: string;
}

/**
 * What must not reach the YAML composer, judged on the flat token tree: nesting deeper than 50, on which the
 * composer's recursion ends the whole process, and more than one document.
 */
export function checkDepth(text: string): SyntaxProblem | undefined {
  let documents = 0;
  for (const token of new Parser().parse(text)) {
    if (token.type !== "document") continue;
    documents += 1;
    if (documents > 1) {
      return {
        start: token.offset,
        end: token.offset + 3,
        message: "a second YAML document starts here",
        remedy: "Keep one document in a file and remove the `---` between them.",
      };
    }
    const deep = firstTooDeep(token);
    if (deep !== undefined) {
      return {
        start: deep.offset,
        end: deep.offset + 1,
        message: `the YAML is nested deeper than ${maximumDepth} levels`,
        remedy: "Remove the surplus brackets or dashes; the deepest key of a recipe stands at level 5.",
      };
    }
  }
  return undefined;
}

/** An own stack instead of recursion, since depth is what is in doubt. */
function firstTooDeep(document: CST.Document): CST.Token | undefined {
  const open = [{ token: document.value, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (token === undefined || !("items" in token)) continue;
    if (depth > maximumDepth) return token;
    for (const item of token.items) {
      for (const child of [item.key, item.value]) {
        if (child !== undefined && child !== null) open.push({ token: child, depth: depth + 1 });
      }
    }
  }
  return undefined;
}
