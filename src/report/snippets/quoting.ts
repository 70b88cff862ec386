/** Quotes a word for POSIX shells. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Quotes a file name so that programs do not parse it as an option. */
export function shellPath(file: string): string {
  return shellWord(file.startsWith("-") ? `./${file}` : file);
}

/** Returns a JavaScript string literal. */
export function scriptText(text: string): string {
  return JSON.stringify(text);
}

/** Returns a Swift string literal. */
export function swiftText(text: string): string {
  return `"${escaped(text)}"`;
}

/** Returns a Kotlin string literal, in which `$` begins a template. */
export function kotlinText(text: string): string {
  return `"${escaped(text).replaceAll("$", "\\$")}"`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}

/** Returns a string of an Ollama Modelfile; three double quotes, which would end it, become single quotes. */
export function modelfileText(text: string): string {
  return `"""${text.replaceAll('"""', "'''")}"""`;
}
