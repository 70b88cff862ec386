import { isAlias, isMap, isScalar, isSeq, type Node } from "yaml";
import type { TreeCheck } from "../../util/yaml/check-tree.js";
import type { YamlPath } from "./diagnostics.js";

/** Character offsets in the text. */
type Range = readonly [start: number, end: number];

/**
 * Returns the range of the key or value at a path, following aliases; for a path that does not exist, of the nearest
 * parent's key.
 */
export function rangeAt(top: Node | null, tree: TreeCheck, path: YamlPath, part: "key" | "value"): Range {
  let node: unknown = top;
  let value: Range = rangeOf(node) ?? [0, 1];
  let key: Range = value;
  for (const step of path) {
    if (isAlias(node)) node = tree.targets.get(node);
    if (isMap(node)) {
      const pair = tree.pairs.get(node)?.get(String(step));
      if (pair === undefined) return key;
      node = pair.value;
      key = rangeOf(pair.key) ?? key;
      // A key without a value: point at the key.
      value = rangeOf(node) ?? key;
    } else if (isSeq(node) && typeof step === "number" && step < node.items.length) {
      node = node.items[step];
      value = rangeOf(node) ?? value;
      key = value;
    } else {
      return value;
    }
  }
  return part === "key" ? key : value;
}

/** Returns start and end offset of a node; undefined for a node without text. */
function rangeOf(node: unknown): Range | undefined {
  if (!isMap(node) && !isSeq(node) && !isScalar(node) && !isAlias(node)) return undefined;
  const [start, end] = node.range ?? [0, 0];
  return end > start ? [start, end] : undefined;
}
