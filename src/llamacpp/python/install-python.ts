import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../../util/files.js";
import { runSubprocess } from "../../util/subprocess.js";
import { checkImports } from "./configured-python.js";
import { findPython } from "./find-python.js";
import { installEnvironment, installFailure, packageInstaller } from "./install-packages.js";
import { packagesDigest } from "./packages-digest.js";
import { otherRequirements, torchRequirement } from "./python-requirements.js";

export interface InstallOptions {
  /** Folder of the environment. It is final, since a Python environment cannot be moved. */
  folder: string;
  /** Path of `convert_hf_to_gguf.py`, whose requirements contain the index of torch's small CPU build. */
  converter: string | undefined;
  signal: AbortSignal;
  onProgress?: (note: string) => void;
}

/** Written last: an environment without it is incomplete. */
export const readyName = "ready.json";

/** `ready.json` */
export interface ReadyRecord {
  /** Python's version: `3.11.7` */
  version: string;
  /** See `packagesDigest`. */
  packages: string;
}

/**
 * Creates the converter's Python environment from the pinned requirements. The caller must hold the folder's lock.
 * Throws `QS-PYTHON-MISSING`, `QS-PYTHON-INSTALL`, `QS-PYTHON-PACKAGES`, `QS-DISK-FULL`.
 */
export async function installPython({ folder, converter, signal, onProgress }: InstallOptions): Promise<void> {
  const python = await findPython(signal);
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.dirname(folder), { recursive: true });
  try {
    onProgress?.(`creating a Python ${python.version} environment`);
    const made = await runSubprocess({
      file: python.path,
      args: ["-m", "venv", folder],
      cwd: "/",
      env: installEnvironment,
      signal,
    });
    if (made.exitCode !== 0) throw installFailure(made, "creating the Python environment");

    const interpreter = path.join(folder, "bin", "python");
    const install = packageInstaller(interpreter, { signal, ...(onProgress && { onProgress }) });
    onProgress?.("installing torch (about 200 MB)");
    await install("torch", [torchRequirement], await cpuIndex(converter));
    onProgress?.("installing transformers and its dependencies (about 70 MB)");
    await install("transformers", otherRequirements);
    onProgress?.("checking the Python environment");
    await checkImports(interpreter, signal);
    const record: ReadyRecord = { version: python.version, packages: await packagesDigest(folder) };
    await writeFileAtomic(path.join(folder, readyName), `${JSON.stringify(record)}\n`);
  } catch (error) {
    // Frees up to 1 GB, since the disk may be full.
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Returns llama.cpp's index of CPU builds on Linux, where torch's default build includes GB of GPU libraries. */
async function cpuIndex(converter: string | undefined): Promise<string | undefined> {
  if (process.platform !== "linux" || converter === undefined) return undefined;
  const file = path.join(path.dirname(converter), "requirements", "requirements-convert_hf_to_gguf.txt");
  return /^--extra-index-url\s+(\S+)/m.exec(await readFile(file, "utf8").catch(() => ""))?.[1];
}
