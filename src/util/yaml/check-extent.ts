import { type CST, Parser } from "yaml";

/** Nesting limit, far above recipes, whose deepest key is at level 5. */
const maximumDepth = 50;
/** Limit of keys and values: enough for ten variants with a rule per tensor, while a megabyte of commas takes minutes. */
const recipeNodes = 50_000;

export interface SyntaxProblem {
  /** Character offsets in the text. */
  start: number;
  end: number;
  message: string;
  remedy: string;
}

/**
 * Finds input that must not reach the YAML composer, on the flat token tree: nesting deeper than 50, which overflows the
 * composer's stack and ends the process, too many keys and values, and a second document.
 */
export function checkExtent(text: string, maximumNodes = recipeNodes): SyntaxProblem | undefined {
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
    const problem = checkTokens(token, maximumNodes);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Uses an explicit stack instead of recursion, since the depth is unbounded. */
function checkTokens(document: CST.Document, maximumNodes: number): SyntaxProblem | undefined {
  const open = [{ token: document.value, depth: 1 }];
  let nodes = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    // Pairs count too: an empty key or value has no token.
    nodes += 1 + (token !== undefined && "items" in token ? token.items.length : 0);
    if (nodes > maximumNodes) {
      const message = `the YAML contains more than ${maximumNodes} keys and values`;
      return { start: document.offset, end: document.offset + 1, message, remedy: "Check that this is a recipe." };
    }
    if (token === undefined || !("items" in token)) continue;
    if (depth > maximumDepth) {
      const message = `the YAML is nested deeper than ${maximumDepth} levels`;
      const remedy = "Remove surplus brackets or dashes; the deepest key of a recipe is at level 5.";
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
