import { stringify } from "yaml";
import { escapeControls } from "../../util/message-text.js";

/*
 * The only ways by which text from elsewhere (a model's config.json, a path, a repository) gets into a drafted recipe.
 */

/** Longest piece that a comment repeats, in characters; class names of models have up to about fifty. */
const maxCommentLength = 80;

/** Text for a comment: on one line whatever it holds, since the line after a comment would be part of the recipe. */
export function inComment(text: string): string {
  return escapeControls(text.slice(0, maxCommentLength)).replace(/[\u2028\u2029]/g, "·");
}

/** A mapping of YAML on one line, its values quoted where they need it. */
export function inlineMapping(values: Readonly<Record<string, string>>): string {
  return stringify(values, { collectionStyle: "flow", lineWidth: 0 }).trim();
}
