import { access, constants, stat } from "node:fs/promises";
import path from "node:path";

/** Returns the absolute path of the first executable with one of these names on the PATH. */
export async function findProgram(
  names: readonly string[],
  searchPath: string | undefined = process.env.PATH,
): Promise<string | undefined> {
  for (const name of names) {
    // Relative entries of PATH depend on the working folder, which is unsafe.
    for (const folder of (searchPath ?? "").split(path.delimiter).filter((entry) => path.isAbsolute(entry))) {
      const file = path.join(folder, name);
      if (await isExecutable(file)) return file;
    }
  }
  return undefined;
}

/** Returns true for a file that this user may execute. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
