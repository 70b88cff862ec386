import type { LineCounter } from "yaml";
import type { SourceLocation } from "../../util/errors.js";

/** A place in a source text and its excerpt. */
export interface Place {
  at: SourceLocation;
  excerpt: string;
}

/** Characters of a long source line to show around the place. */
const shownCharacters = 110;

/**
 * Returns line, column (both from 1) and a caret excerpt for the characters from `start` to `end` of a text.
 * Of several lines, only the first is underlined.
 */
export function placeInText(file: string, text: string, lines: LineCounter, start: number, end: number): Place {
  const { line, col } = lines.linePos(Math.min(start, text.length));
  const at = { file, line, column: col };
  const lineStart = lines.lineStarts[at.line - 1] ?? 0;
  const whole = text.slice(lineStart, lines.lineStarts[at.line] ?? text.length).replace(/[\r\n]+$/, "");
  const from = at.column - 1;
  const length = Math.max(1, Math.min(end - start, whole.length - from));

  const cut = Math.max(0, Math.min(from - 30, whole.length - shownCharacters));
  const shown = (cut > 0 ? "…" : "") + whole.slice(cut, cut + shownCharacters);
  const more = cut + shownCharacters < whole.length ? "…" : "";
  const indent = " ".repeat(from - cut + (cut > 0 ? 1 : 0));
  const carets = "^".repeat(Math.min(length, cut + shownCharacters - from));
  return { at, excerpt: `${shown}${more}\n${indent}${carets}` };
}
