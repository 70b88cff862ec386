import { type CST, Parser } from "yaml";

/** Nesting that no recipe reaches (the deepest key stands at 5). */
const maximumDepth = 50;
/** Keys and values, ten variants with a rule for every tensor included; keeps a megabyte of commas from taking minutes. */
const maximumNodes = 50_000;

export interface SyntaxProblem {
  /** Character offsets in the text. */
  start: number;
  end: number;
  message: string;
  remedy: string;
}

/**
 * What must not reach the YAML composer, judged on the flat token tree: nesting deeper than 50, on which the
 * composer's recursion ends the whole process, more keys and values than any recipe has, and a second document.
 */
export function checkExtent(text: string): SyntaxProblem | undefined {
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
    const problem = checkTokens(token);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** An own stack instead of recursion, since depth is what is in doubt. */
function checkTokens(document: CST.Document): SyntaxProblem | undefined {
  const open = [{ token: document.value, depth: 1 }];
  let nodes = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    // Pairs count too: an empty key or value has no token.
    nodes += 1 + (token !== undefined && "items" in token ? token.items.length : 0);
    if (nodes > maximumNodes) {
      const message = `the YAML holds more than ${maximumNodes} keys and values`;
      return { start: document.offset, end: document.offset + 1, message, remedy: "Check that this is a recipe." };
    }
    if (token === undefined || !("items" in token)) continue;
    if (depth > maximumDepth) {
      const message = `the YAML is nested deeper than ${maximumDepth} levels`;
      const remedy = "Remove the surplus brackets or dashes; the deepest key of a recipe stands at level 5.";
      return { start: token.offset, end: token.offset + 1, message, remedy };
    }
    for (const item of token.items) {
      for (const child of [item.key, item.value]) {
        if (child !== undefined && child !== null) open.push({ token: child, depth: depth + 1 });
      }
    }
  }
  return undefined;
}
