import path from "node:path";
import { findPinnedPackage } from "./pinned-package.js";

/**
 * Absolute path of the pinned package's libggml-base, for quantizing in this process. It is the one the pinned tools
 * are linked with, whatever tools are in use. Throws `QS-TOOL-PACKAGE`.
 */
export async function pinnedGgmlLibrary(): Promise<string> {
  const { libraries } = await findPinnedPackage();
  return path.join(libraries, process.platform === "darwin" ? "libggml-base.dylib" : "libggml-base.so");
}
