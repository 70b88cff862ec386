/** Control and formatting characters, which terminals interpret and readers do not see. */
export const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

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
