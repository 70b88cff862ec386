/** A word for POSIX shells. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A file's name as a word that no program takes for an option. */
export function shellPath(file: string): string {
  return shellWord(file.startsWith("-") ? `./${file}` : file);
}

/** A text literal of TypeScript. */
export function scriptText(text: string): string {
  return JSON.stringify(text);
}

/** A text literal of Swift. */
export function swiftText(text: string): string {
  return `"${escaped(text)}"`;
}

/** A text literal of Kotlin, in which `$` begins a variable. */
export function kotlinText(text: string): string {
  return `"${escaped(text).replaceAll("$", "\\$")}"`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}

/** A text of an Ollama Modelfile; three quotes would end it, so they become simple ones. */
export function modelfileText(text: string): string {
  return `"""${text.replaceAll('"""', "'''")}"""`;
}
