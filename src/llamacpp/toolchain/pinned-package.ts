import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { QuantsmithError } from "../../util/errors.js";

/** llama.cpp's source and libraries in the npm package `node-llama-cpp`. */
export interface PinnedPackage {
  /** Version of node-llama-cpp: `3.22.1`. */
  packageVersion: string;
  /** Version of llama.cpp: `v0.5.0`. */
  llamaCppVersion: string;
  /** Name of the platform package's folder: `linux-x64`. */
  platform: string;
  /** Git bundle with llama.cpp's complete source. */
  bundle: string;
  /** Folder with the prebuilt libraries of this platform. */
  libraries: string;
}

const packageName = "node-llama-cpp";

/** Platform packages with CPU libraries (and Metal on Apple silicon), by `process.platform` and `process.arch`. */
const platforms: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "linux-arm": "linux-armv7l",
  "linux-riscv64": "linux-riscv64",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
};

/**
 * Finds the pinned llama.cpp in the installed npm packages.
 * Throws `QS-TOOL-PACKAGE` if the package, its bundle or its platform package is missing.
 */
export async function findPinnedPackage(from: string = import.meta.url): Promise<PinnedPackage> {
  const require = createRequire(from);
  const platform = platforms[`${process.platform}-${process.arch}`];
  if (platform === undefined) {
    throw missing(`${packageName} has no prebuilt libraries for ${process.platform}-${process.arch}`);
  }
  const main = resolvePackage(require, packageName);
  const libraries = path.join(
    resolvePackage(createRequire(path.join(main, "package.json")), `@${packageName}/${platform}`),
    "bins",
    platform,
  );
  const bundle = path.join(main, "llama", "gitRelease.bundle");
  try {
    const { version } = JSON.parse(await readFile(path.join(main, "package.json"), "utf8")) as { version: string };
    const { tag } = JSON.parse(await readFile(path.join(main, "llama", "llama.cpp.info.json"), "utf8")) as {
      tag: string;
    };
    const names = [...(await readdir(path.dirname(bundle))), ...(await readdir(libraries))];
    if (!names.includes(path.basename(bundle)) || !names.some((name) => linkedLibrary.test(name)))
      throw new Error("incomplete");
    return { packageVersion: version, llamaCppVersion: tag, platform, bundle, libraries };
  } catch (error) {
    throw missing(`the npm package ${packageName} in ${main} is incomplete`, error);
  }
}

/** Identifies the pinned tools. Not a hash of the binaries, which differ between machines and compilers. */
export function pinnedDigest({ llamaCppVersion, packageVersion, platform }: PinnedPackage): string {
  return `${llamaCppVersion}-${packageVersion}-${platform}`;
}

/** Returns the folder of another package of llama.cpp's libraries; undefined if it is not installed. */
export function siblingPackage(name: string, from: string = import.meta.url): string | undefined {
  try {
    const main = resolvePackage(createRequire(from), packageName);
    return resolvePackage(createRequire(path.join(main, "package.json")), name);
  } catch (error) {
    if (error instanceof QuantsmithError) return undefined;
    throw error;
  }
}

/** Libraries that the tools are linked with; the others are backends that a tool loads at its start. */
export const linkedLibrary = /^lib(llama|llama-common|ggml|ggml-base)(\.v[\d.]+)?\.(so|dylib)$/;

/** Returns the folder of an installed package whose `exports` do not include package.json. */
function resolvePackage(require: NodeJS.Require, name: string): string {
  try {
    const entry = require.resolve(name);
    const end =
      entry.lastIndexOf(path.join("node_modules", ...name.split("/"))) + path.join("node_modules", name).length;
    return entry.slice(0, end);
  } catch (error) {
    throw missing(`the npm package ${name} is not installed`, error);
  }
}

function missing(message: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-TOOL-PACKAGE", message, {
    remedy:
      "Reinstall quantsmith's npm packages without `--omit=optional`, or set `QUANTSMITH_LLAMA_CPP` to a folder with llama.cpp's tools.",
    cause,
  });
}
