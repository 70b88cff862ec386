import { invisible } from "../../util/shell-word.js";

/** Returns a JavaScript string literal. */
export function scriptText(text: string): string {
  return JSON.stringify(text).replace(invisible, codeUnits);
}

/** Returns a Swift string literal. */
export function swiftText(text: string): string {
  return `"${escaped(text).replace(invisible, codePoint)}"`;
}

/** Returns a Kotlin string literal, in which `$` begins a template. */
export function kotlinText(text: string): string {
  return `"${escaped(text).replaceAll("$", "\\$").replace(invisible, codeUnits)}"`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}

function codePoint(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function codeUnits(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}

/** Returns a string of an Ollama Modelfile; three double quotes, which would end it, become single quotes. */
export function modelfileText(text: string): string {
  return `"""${text.replaceAll('"""', "'''")}"""`;
}
