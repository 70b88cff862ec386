import { access, constants, stat } from "node:fs/promises";
import path from "node:path";

/** Absolute path of the first executable file with one of these names on the PATH; starts nothing. */
export async function findProgram(
  names: readonly string[],
  searchPath: string | undefined = process.env.PATH,
): Promise<string | undefined> {
  for (const name of names) {
    // Relative entries of PATH depend on the working folder and are a known trap.
    for (const folder of (searchPath ?? "").split(path.delimiter).filter((entry) => path.isAbsolute(entry))) {
      const file = path.join(folder, name);
      if (await isExecutable(file)) return file;
    }
  }
  return undefined;
}

/** True for a file this user may execute. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
