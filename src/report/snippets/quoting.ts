/** Control and formatting characters, which terminals interpret and readers do not see. */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Quotes a word for POSIX shells. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (text.search(invisible) < 0) return `'${text.replaceAll("'", `'\\''`)}'`;
  return `$'${text.replace(/[\\']/g, "\\$&").replace(invisible, octalBytes)}'`;
}

function octalBytes(text: string): string {
  return [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

/** Quotes a file name so that programs do not parse it as an option. */
export function shellPath(file: string): string {
  return shellWord(file.startsWith("-") ? `./${file}` : file);
}

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
