import { LineCounter, parseDocument } from "yaml";
import type { ErrorCode } from "../../util/error-codes.js";
import type { Diagnostic } from "../../util/errors.js";
import { checkExtent, type SyntaxProblem } from "../../util/yaml/check-extent.js";
import { checkTree } from "../../util/yaml/check-tree.js";
import { RecipeError, throwIfAny, withoutText, type YamlPath } from "./diagnostics.js";
import { type Place, placeInText } from "./source-text.js";
import { rangeAt } from "./yaml-range.js";

/** One invalid line causes many follow-up errors, so only the first ones are shown. */
const shownErrors = 10;

export interface YamlFile {
  /** The file's path as given by the user. */
  shown: string;
  /** Whether errors repeat no text of it, see `isForeign`. */
  isForeign: boolean;
  /** Plain data: strings, numbers, booleans, null, arrays, objects. */
  data: unknown;
  /** Returns the place of the key or value at a path; of the nearest existing parent if the path does not exist. */
  place(path: YamlPath, part: "key" | "value"): Place;
}

/**
 * Parses YAML 1.2 text into plain data and places.
 * Throws a RecipeError with `QS-RECIPE-YAML` for syntax errors, several documents, duplicate keys, foreign tags and
 * excessive nesting or aliases, and with `empty` for a text without a value.
 */
export function parseYaml(text: string, shown: string, empty: ErrorCode, isForeign = false): YamlFile {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines.addNewLine(at + 1);
  const place = (start: number, end: number) => placeInText(shown, text, lines, start, end);
  const toDiagnostic = ({ start, end, message, remedy }: SyntaxProblem): Diagnostic => {
    const problem: Diagnostic = { code: "QS-RECIPE-YAML", message, remedy, ...place(start, end) };
    return isForeign ? withoutText(problem) : problem;
  };

  const extentProblem = checkExtent(text);
  if (extentProblem !== undefined) throw new RecipeError([toDiagnostic(extentProblem)]);

  const document = parseDocument(text, { prettyErrors: false, stringKeys: true, uniqueKeys: false, logLevel: "error" });
  const parserIssues = [...document.errors, ...document.warnings].slice(0, shownErrors);
  const tree = checkTree(document);
  // `checkTree` reports tags, too.
  const syntax = parserIssues.filter((issue) => issue.code !== "TAG_RESOLVE_FAILED").map(fromParser);
  throwIfAny([...syntax, ...tree.problems].map(toDiagnostic));

  const data: unknown = document.toJS();
  if (data === null) {
    throw new RecipeError([
      {
        code: empty,
        message: "the file contains only comments and whitespace",
        remedy: "Write at least `version: 1`; recipes/demo/demo.yaml is a complete example.",
        at: { file: shown },
        excerpt: "",
      },
    ]);
  }
  return {
    shown,
    isForeign,
    data,
    place: (path, part) => {
      const [start, end] = rangeAt(document.contents, tree, path, part);
      return place(start, end);
    },
  };
}

function fromParser(error: { code: string; message: string; pos: [number, number] }): SyntaxProblem {
  const remedy =
    error.code === "TAB_AS_INDENT"
      ? "Indent with spaces instead of tabs."
      : "Correct the YAML here: indent with spaces, put a space after `:`, close brackets, quote text that contains `:` or `#`.";
  return { start: error.pos[0], end: error.pos[1], message: `not valid YAML: ${error.message}`, remedy };
}
