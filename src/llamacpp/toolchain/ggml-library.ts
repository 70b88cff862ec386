import path from "node:path";
import { findPinnedPackage } from "./pinned-package.js";

/**
 * Returns the absolute path of the pinned package's libggml-base, which quantizes in this process, also if other tools
 * are in use. Throws `QS-TOOL-PACKAGE`.
 */
export async function pinnedGgmlLibrary(): Promise<string> {
  const { libraries } = await findPinnedPackage();
  return path.join(libraries, process.platform === "darwin" ? "libggml-base.dylib" : "libggml-base.so");
}
