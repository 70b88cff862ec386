import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { findPinnedPackage } from "../llamacpp/toolchain/pinned-package.js";
import type { ToolchainStatus } from "../llamacpp/toolchain/toolchain.js";
import type { InputFile } from "../release/release-facts.js";
import type { DigestCache } from "../util/digest-cache.js";

/**
 * Returns the files of llama.cpp's tools with their digests, for the provenance: its source, this platform's libraries
 * and, unless null, the library of the backend. Excludes compiled programs, which differ between machines. Returns no
 * files of the user's own tools, which are identified only by version.
 */
export async function toolFiles(
  toolchain: ToolchainStatus,
  backend: string | null,
  digests: DigestCache,
): Promise<InputFile[]> {
  const library =
    backend === null ? [] : [{ name: basename(backend), digest: { sha256: await digests.digest(backend) } }];
  const pinned =
    toolchain.state === "buildable" || (toolchain.state === "ready" && toolchain.toolchain.source === "pinned");
  if (!pinned) return library;
  const { packageVersion, llamaCppVersion, platform, bundle, libraries } = await findPinnedPackage();
  const digest = async (path: string) => ({ sha256: await digests.digest(path) });
  const source: InputFile = {
    name: `llama.cpp ${llamaCppVersion}, source`,
    uri: `pkg:npm/node-llama-cpp@${packageVersion}#llama/gitRelease.bundle`,
    digest: await digest(bundle),
  };
  const names = (await readdir(libraries)).filter((name) => /^lib(llama|ggml)[\w.-]*\.(so|dylib)$/.test(name)).sort();
  const files: InputFile[] = [source];
  for (const name of names) {
    const uri = `pkg:npm/%40node-llama-cpp/${platform}@${packageVersion}#bins/${platform}/${name}`;
    files.push({ name, uri, digest: await digest(join(libraries, name)) });
  }
  return [...files, ...library];
}
