import { type Document, isCollection, parseDocument, visit } from "yaml";
import { checkExtent } from "./check-extent.js";
import { checkTree } from "./check-tree.js";

/** Limit of characters: above the lock file of a model with hundreds of shards and ten variants with a rule per tensor. */
const maximumCharacters = 2 ** 20;
/** Limit of keys and values. */
const maximumNodes = 200_000;

/**
 * Parses a YAML text of someone else, such as the front matter of a model card, in seconds at most: the library's own
 * `parse` takes minutes for some texts of a kilobyte. Undefined for what is not valid YAML, has duplicate keys, lists
 * or mappings as keys, foreign tags or too many aliases, or exceeds the limits.
 */
export function parseForeignYaml(text: string): unknown {
  if (text.length > maximumCharacters || checkExtent(text, maximumNodes) !== undefined) return undefined;
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: "silent" });
  if (document.errors.length > 0 || checkTree(document).problems.length > 0 || hasCollectionKey(document)) {
    return undefined;
  }
  try {
    return document.toJS();
  } catch {
    return undefined; // A merge (`<<`, with `%YAML 1.1`) of something other than a mapping.
  }
}

/** Such keys become text, nested ones in a time that grows with the cube of the depth. */
function hasCollectionKey(document: Document): boolean {
  let found = false;
  visit(document, {
    Pair: (_, { key }) => {
      found = isCollection(key);
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}
