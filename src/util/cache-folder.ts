import { access, constants } from "node:fs/promises";
import path from "node:path";
import { isSystemError, QuantsmithError } from "./errors.js";
import { makeFolder } from "./files.js";
import { homeFolder } from "./home-folder.js";
import { systemFailure } from "./system-failure.js";

/**
 * Returns the folder of files built once per user and machine (tools, the converter's Python): `QUANTSMITH_CACHE`, else
 * `$XDG_CACHE_HOME/quantsmith`, else the system's cache folder. Absolute; may not exist yet.
 */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.QUANTSMITH_CACHE) return path.resolve(env.QUANTSMITH_CACHE);
  // The XDG specification requires relative values to be ignored.
  if (env.XDG_CACHE_HOME && path.isAbsolute(env.XDG_CACHE_HOME)) return path.join(env.XDG_CACHE_HOME, "quantsmith");
  const usual = platform === "darwin" ? ["Library", "Caches"] : [".cache"];
  return path.join(homeFolder(), ...usual, "quantsmith");
}

/** Creates a folder in a cache that the environment variable moves. Errors: QS-ENV-CACHE. */
export async function makeCacheFolder(
  folder: string,
  variable: "QUANTSMITH_CACHE" | "HF_HUB_CACHE" = "QUANTSMITH_CACHE",
): Promise<void> {
  try {
    // Whatever the umask: programs of a folder that others can write are not used (`requireOwnFolder`).
    await makeFolder(folder, 0o755);
    await access(folder, constants.W_OK);
  } catch (cause) {
    if (!isSystemError(cause) || systemFailure(cause)?.code !== "QS-ENV-FILE") throw cause;
    throw unwritable(folder, variable, cause);
  }
}

/** Throws QS-ENV-CACHE if the cache folder cannot be created or written; changes nothing. */
export async function requireWritableCache(): Promise<void> {
  const folder = cacheFolder();
  for (let each = folder; ; each = path.dirname(each)) {
    try {
      // Also fails for a file, which no folder can be created in.
      return await access(`${each}${path.sep}.`, constants.W_OK | constants.X_OK);
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
      if (cause.code !== "ENOENT" || each === path.dirname(each)) throw unwritable(folder, "QUANTSMITH_CACHE", cause);
    }
  }
}

function unwritable(folder: string, variable: string, cause: NodeJS.ErrnoException): QuantsmithError {
  return new QuantsmithError("QS-ENV-CACHE", `cannot write to the cache folder ${folder} (${cause.code})`, {
    remedy: `Set \`${variable}\` to a writable folder, or correct the permissions.`,
    cause,
  });
}
