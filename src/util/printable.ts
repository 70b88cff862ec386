/**
 * Characters that a terminal interprets or hides instead of showing: controls, line separators, text direction marks,
 * invisible characters and the empty Braille pattern, except the joiners of Persian, Indic scripts and emoji, and the
 * variation selectors of emoji.
 */
const controls =
  /(?![\u200c\u200d]|(?<=[\p{Extended_Pictographic}\d#*])[\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** `##[error]` of GitHub Actions, `##vso[…]` of Azure Pipelines, `##teamcity[…]`: runners find them anywhere in a line. */
const commands = /(##\w*)\[/g;
/** `::error::` of GitHub Actions, whose runner skips leading space. */
const commandAtStart = /^(\s*)::/;

/**
 * Returns any text as one line that is safe to print, to a terminal or a CI log: control and text direction characters
 * and line breaks become visible escapes such as `\x1b`, a tab becomes a space, and workflow commands get a backslash.
 */
export function printableLine(text: string): string {
  return text
    .replaceAll("\t", " ")
    .replace(controls, visibleEscape)
    .replace(commands, "$1\\[")
    .replace(commandAtStart, "$1\\::");
}

/** Returns text from outside as lines after a margin, so that none can pass for a line of this program. */
export function quotedLines(text: string): string[] {
  return text.split("\n").flatMap((line) => (line === "" ? [] : [`  | ${line}`]));
}

/** Returns JSON that is safe to print, as `printableLine`; `JSON.parse` returns the exact value. */
export function printableJson(value: unknown, indent?: number): string {
  return (
    JSON.stringify(value, null, indent)
      // JSON contains line breaks only between values.
      .replace(controls, (character) => (character === "\n" ? "\n" : unicodeEscape(character)))
      .replace(commands, "$1\\u005b")
  );
}

/** True if a text contains a character that terminals interpret or readers do not see, besides line breaks and tabs. */
export function hasControls(text: string): boolean {
  return escapedControls(text) !== text;
}

/** Returns text with such characters as the escapes of YAML and others: `\u202e`, `\U000e0001`. */
export function escapedControls(text: string): string {
  return text.replace(controls, (character) => {
    if (character === "\n" || character === "\t") return character;
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}

function visibleEscape(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  const code = character.charCodeAt(0);
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : unicodeEscape(character);
}

function unicodeEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
