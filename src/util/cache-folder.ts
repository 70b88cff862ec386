import { homedir } from "node:os";
import path from "node:path";

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
  return path.join(homedir(), ...usual, "quantsmith");
}
