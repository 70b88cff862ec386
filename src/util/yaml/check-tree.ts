import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  type Node,
  type Pair,
  type YAMLMap,
} from "yaml";
import { quote } from "../quote.js";
import type { SyntaxProblem } from "./check-extent.js";

/** Limit of alias expansions per file: enough to share smoke tests, too few for an alias bomb. */
const maximumExpansions = 100;

/** Tags of the YAML 1.2 core schema; other tags create values that are not plain data. */
const coreTags = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((tag) => `tag:yaml.org,2002:${tag}`),
);

export interface TreeCheck {
  problems: SyntaxProblem[];
  /** The node that each alias references. */
  targets: ReadonlyMap<Alias, Node>;
  /** Each mapping's pairs by key, so that thousands of problems in one mapping are located quickly. */
  pairs: ReadonlyMap<Node, ReadonlyMap<string, Pair>>;
}

/**
 * Checks what the YAML parser accepts: duplicate keys (its own check takes quadratic time), foreign tags, and aliases
 * that are unknown, contain themselves or expand too far. Requires a tree whose depth `checkExtent` has limited.
 */
export function checkTree(document: Document.Parsed): TreeCheck {
  const problems: SyntaxProblem[] = [];
  const targets = new Map<Alias, Node>();
  const pairs = new Map<Node, ReadonlyMap<string, Pair>>();
  const anchors = new Map<string, Node>();
  const expansions = new Map<Node, number>();
  let expandedTooFar = false;

  const report = (node: Node, message: string, remedy: string) => {
    const [start = 0, end = start + 1] = node.range ?? [];
    problems.push({ start, end, message, remedy });
  };

  /** Returns the number of alias expansions in a node. */
  const visit = (node: Node): number => {
    if (isAlias(node)) return visitAlias(node);
    if (node.tag !== undefined && !coreTags.has(node.tag)) {
      report(node, `the tag ${quote(node.tag)} is not allowed`, "Remove the tag; use plain values only.");
    }
    if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) anchors.set(node.anchor, node);
    let sum = 0;
    if (isMap(node)) checkKeys(node);
    for (const child of childrenOf(node)) {
      sum += visit(child);
      if (sum > maximumExpansions && !expandedTooFar) {
        expandedTooFar = true;
        report(
          child,
          "aliases (`*name`) expand too far",
          `Write the values out; a file may expand ${maximumExpansions} aliases.`,
        );
      }
    }
    expansions.set(node, sum);
    return sum;
  };

  const visitAlias = (alias: Alias): number => {
    const target = anchors.get(alias.source);
    if (target === undefined) {
      report(
        alias,
        `the alias ${quote(`*${alias.source}`)} has no anchor before it`,
        `Define \`&${alias.source}\` above this line, or write the value out.`,
      );
      return 0;
    }
    const within = expansions.get(target);
    if (within === undefined) {
      report(alias, `the alias ${quote(`*${alias.source}`)} is inside its own anchor`, "Write the value out.");
      return 0;
    }
    targets.set(alias, target);
    return 1 + within;
  };

  const checkKeys = (map: YAMLMap) => {
    const seen = new Map<string, Pair>();
    for (const pair of map.items) {
      const { key } = pair;
      if (!isScalar(key)) continue;
      const name = String(key.value);
      if (seen.has(name)) report(key, `the key ${quote(name)} appears twice here`, "Keep one of the two.");
      if (name === "__proto__") report(key, "`__proto__` cannot be a key", "Remove it.");
      seen.set(name, pair);
    }
    pairs.set(map, seen);
  };

  if (document.contents !== null) visit(document.contents);
  return { problems, targets, pairs };
}

function childrenOf(node: Node): Node[] {
  if (isMap(node)) return node.items.flatMap((pair) => [pair.key, pair.value]).filter(isNode);
  return isCollection(node) ? node.items.filter(isNode) : [];
}
