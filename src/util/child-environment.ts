import { delimiter, isAbsolute } from "node:path";

const secretName = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|PRIVATE_KEY|AUTH/i;
const searchPaths = new Set(["PATH", "LD_LIBRARY_PATH"]);

/**
 * Returns the environment for a child process: that of this process without variables whose names suggest a secret.
 * Native tools and converters read hostile files and must not be able to leak tokens. Relative entries of search paths are
 * removed: a child would look in its working folder for programs such as a compiler's assembler.
 */
export function childEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const text = searchPaths.has(name) ? absoluteEntries(value) : value;
    if (text !== undefined && !secretName.test(name)) kept[name] = text;
  }
  return { ...kept, ...extra };
}

/** Returns undefined if no entry is left, since an empty search path is the working folder. */
function absoluteEntries(searchPath = ""): string | undefined {
  const entries = searchPath.split(delimiter).filter((entry) => isAbsolute(entry));
  return entries.length === 0 ? undefined : entries.join(delimiter);
}
