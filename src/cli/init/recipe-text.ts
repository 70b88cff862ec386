import { printableLine } from "../../util/printable.js";
import { renderInlineYaml } from "../../util/printable-yaml.js";

/*
 * External text (from config.json, a path, a repository) is inserted into a drafted recipe only by these functions.
 */

/** Maximum length of external text in a comment, in characters; class names of models have up to about fifty. */
const maxCommentLength = 80;

/** Returns text for a comment, always on one line, since the next line would be part of the recipe. */
export function inComment(text: string): string {
  return printableLine(text.slice(0, maxCommentLength));
}

/** Returns a YAML mapping on one line, with values quoted as necessary. */
export function inlineMapping(values: Readonly<Record<string, string>>): string {
  return renderInlineYaml(values);
}
