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
  /** Where the environment is made. It cannot be moved afterwards, so it is made in its final place. */
  folder: string;
  /** Path of `convert_hf_to_gguf.py`, whose requirements name the index with torch's small CPU build. */
  converter: string | undefined;
  signal: AbortSignal;
  onProgress?: (note: string) => void;
}

/** Written last: an environment without it is rubbish. */
export const readyName = "ready.json";

/** `ready.json` */
export interface ReadyRecord {
  /** Python's: `3.11.7` */
  version: string;
  /** See `packagesDigest`. */
  packages: string;
}

/**
 * Makes the converter's Python environment from the pinned requirements. The caller holds the lock.
 * Throws `QS-PYTHON-MISSING`, `QS-PYTHON-INSTALL`, `QS-PYTHON-PACKAGES`, `QS-DISK-FULL`.
 */
export async function installPython({ folder, converter, signal, onProgress }: InstallOptions): Promise<void> {
  const python = await findPython(signal);
  await rm(folder, { recursive: true, force: true });
  await mkdir(path.dirname(folder), { recursive: true });
  try {
    onProgress?.(`making a Python ${python.version} environment`);
    const made = await runSubprocess({
      file: python.path,
      args: ["-m", "venv", folder],
      cwd: "/",
      env: installEnvironment,
      signal,
    });
    if (made.exitCode !== 0) throw installFailure(made, "making the Python environment");

    const interpreter = path.join(folder, "bin", "python");
    const install = packageInstaller(interpreter, { signal, ...(onProgress && { onProgress }) });
    onProgress?.("installing torch (about 200 MB)");
    await install("torch", [torchRequirement], await cpuIndex(converter));
    onProgress?.("installing transformers and what it needs (about 70 MB)");
    await install("transformers", otherRequirements);
    onProgress?.("checking the Python environment");
    await checkImports(interpreter, signal);
    const record: ReadyRecord = { version: python.version, packages: await packagesDigest(folder) };
    await writeFileAtomic(path.join(folder, readyName), `${JSON.stringify(record)}\n`);
  } catch (error) {
    // It may hold a gigabyte, and perhaps the disk is full.
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** On Linux torch's usual build holds gigabytes of GPU libraries; llama.cpp's requirements name an index of CPU builds. */
async function cpuIndex(converter: string | undefined): Promise<string | undefined> {
  if (process.platform !== "linux" || converter === undefined) return undefined;
  const file = path.join(path.dirname(converter), "requirements", "requirements-convert_hf_to_gguf.txt");
  return /^--extra-index-url\s+(\S+)/m.exec(await readFile(file, "utf8").catch(() => ""))?.[1];
}
