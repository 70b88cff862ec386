import { access, readdir } from "node:fs/promises";
import path from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { findPinnedPackage, siblingPackage } from "../toolchain/pinned-package.js";
import type { BackendKind } from "./compute.js";

export type DeviceBackendKind = Exclude<BackendKind, "cpu">;

/** A build of a backend in the npm packages. */
export interface BackendLibrary {
  kind: DeviceBackendKind;
  /** `CUDA 13`, `Vulkan`. */
  label: string;
  /** The npm package. */
  package: string;
  /** Absolute path; null if the package is not installed. */
  library: string | null;
  /** Absolute path of libggml-base; null if llama.cpp's package is not installed. */
  base: string | null;
  /** The tools contain the backend, and need no path of it. */
  isBuiltIn: boolean;
  /** Lowest compute capability of CUDA devices; null for other kinds. */
  minCapability: number | null;
}

/** Builds by `process.platform` and `process.arch`, the preferred first. CUDA 13 supports Turing (7.5) and newer. */
const builds: Readonly<Record<string, readonly Build[]>> = {
  "linux-x64": [
    { kind: "cuda", label: "CUDA 13", package: "linux-x64-cuda", folder: "linux-x64-cuda", minCapability: 7.5 },
    {
      kind: "cuda",
      label: "CUDA 12 for older cards",
      package: "linux-x64-cuda-ext",
      folder: path.join("linux-x64-cuda", "fallback"),
      minCapability: 5,
    },
    { kind: "vulkan", label: "Vulkan", package: "linux-x64-vulkan", folder: "linux-x64-vulkan", minCapability: null },
  ],
  "darwin-arm64": [
    { kind: "metal", label: "Metal", package: "mac-arm64-metal", folder: "mac-arm64-metal", minCapability: null },
  ],
};

interface Build extends Pick<BackendLibrary, "kind" | "label" | "package" | "minCapability"> {
  /** Folder of the library in the package's `bins/`. */
  folder: string;
}

/** Finds the backends' builds for this platform in the npm packages, the preferred first; loads none. */
export async function findBackendLibraries(): Promise<BackendLibrary[]> {
  const found = builds[`${process.platform}-${process.arch}`] ?? [];
  const pinned = await findPinnedPackage().catch((error: unknown) => {
    if (error instanceof QuantsmithError) return undefined;
    throw error;
  });
  const base = pinned && (await fileIn(pinned.libraries, /^libggml-base\.(so|dylib)$/));
  return Promise.all(
    found.map(async ({ folder, ...build }) => {
      const name = `@node-llama-cpp/${build.package}`;
      const bins = siblingPackage(name);
      const file = new RegExp(`^libggml-${build.kind}\\.(so|dylib)$`);
      const library = bins === undefined ? undefined : await fileIn(path.join(bins, "bins", folder), file);
      const isBuiltIn = build.kind === "metal";
      return { ...build, package: name, library: library ?? null, base: base ?? null, isBuiltIn };
    }),
  );
}

async function fileIn(folder: string, pattern: RegExp): Promise<string | undefined> {
  const name = (await readdir(folder).catch(() => [])).find((each) => pattern.test(each));
  if (name === undefined) return undefined;
  const file = path.join(folder, name);
  return access(file).then(
    () => file,
    () => undefined,
  );
}
