import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { QuantsmithError } from "../../util/errors.js";

/** What the npm package `node-llama-cpp` carries of llama.cpp. */
export interface PinnedPackage {
  /** Version of node-llama-cpp: `3.22.1`. */
  packageVersion: string;
  /** Version of llama.cpp: `v0.5.0`. */
  llamaCppVersion: string;
  /** Name of the platform package's folder: `linux-x64`. */
  platform: string;
  /** A git bundle with llama.cpp's whole source. */
  bundle: string;
  /** Folder with the prebuilt libraries of this platform. */
  libraries: string;
}

const packageName = "node-llama-cpp";

/** The platform package that holds CPU libraries (on Apple silicon, Metal too), by `process.platform` and `process.arch`. */
const platforms: Readonly<Record<string, string>> = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "linux-arm": "linux-armv7l",
  "linux-riscv64": "linux-riscv64",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
};

/**
 * Finds the pinned llama.cpp in the installed npm packages; reads three small files.
 * Throws `QS-TOOL-PACKAGE` when the package, its bundle or its part for this platform is not installed.
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
    throw missing(`The npm package ${packageName} is not whole in ${main}`, error);
  }
}

/** The libraries a tool is linked with; the others beside them are backends that are loaded when a tool starts. */
export const linkedLibrary = /^lib(llama|llama-common|ggml|ggml-base)(\.v[\d.]+)?\.(so|dylib)$/;

/** Folder of an installed package, whose `exports` do not let us ask for its package.json. */
function resolvePackage(require: NodeJS.Require, name: string): string {
  try {
    const entry = require.resolve(name);
    const end =
      entry.lastIndexOf(path.join("node_modules", ...name.split("/"))) + path.join("node_modules", name).length;
    return entry.slice(0, end);
  } catch (error) {
    throw missing(`The npm package ${name} is not installed`, error);
  }
}

function missing(message: string, cause?: unknown): QuantsmithError {
  return new QuantsmithError("QS-TOOL-PACKAGE", message, {
    remedy:
      "Install again with `npm ci`, without --omit=optional: the libraries are an optional dependency. Or set QUANTSMITH_LLAMA_CPP to a folder with llama.cpp's tools.",
    cause,
  });
}
