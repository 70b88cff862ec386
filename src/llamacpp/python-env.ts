import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../util/cache-folder.js";
import { QuantsmithError } from "../util/errors.js";
import { withFolderLock } from "./cache-lock.js";
import { checkImports, chosenPython } from "./chosen-python.js";
import { findPython } from "./find-python.js";
import { installPython, type ReadyRecord, readyName } from "./install-python.js";
import { requirementsDigest } from "./python-requirements.js";
import { resolveToolchain, type ToolchainOptions } from "./toolchain.js";

/** The Python that runs the converter. */
export interface ConverterPython {
  /** Absolute path of the interpreter. */
  path: string;
  /** `3.11.7` */
  version: string;
  /** Goes into step fingerprints: the pinned requirements, or the versions found in QUANTSMITH_PYTHON. */
  digest: string;
}

export interface PythonStatus {
  /** The interpreter that is used, or from which an environment is made on first use. */
  path: string | null;
  version: string | null;
  /** True when the converter can run at once. */
  ready: boolean;
  /** As in `ConverterPython`: known before the environment is made. */
  digest: string;
  problem?: QuantsmithError;
}

/**
 * The Python for the converter, with its environment made first when it is not there yet (about a minute and 1.5 GB,
 * once per user). Any number of processes may call it at once: one installs, the others wait.
 * Throws `QS-PYTHON-MISSING`, `QS-PYTHON-PACKAGES`, `QS-PYTHON-INSTALL`, `QS-DISK-FULL` and what `resolveToolchain` throws.
 */
export async function prepareConverterPython(options: ToolchainOptions = {}): Promise<ConverterPython> {
  const setting = process.env.QUANTSMITH_PYTHON;
  if (setting) {
    const python = await chosenPython(setting, options.signal);
    await checkImports(python.path, options.signal);
    return python;
  }
  const made = await readEnvironment();
  if (made) return made;
  const converter = (await resolveToolchain(options)).scripts?.converter;
  const folder = environmentFolder();
  const onWait = () => options.onProgress?.("waiting for another process that installs the converter's Python");
  return withFolderLock(path.dirname(folder), { ...options, onWait }, async (signal) => {
    const madeMeanwhile = await readEnvironment();
    if (madeMeanwhile) return madeMeanwhile;
    await installPython({ folder, converter, signal, ...(options.onProgress && { onProgress: options.onProgress }) });
    const installed = await readEnvironment();
    if (installed === undefined) throw new Error(`the environment just made is not in ${folder}`);
    return installed;
  });
}

/**
 * Looks only, for `doctor` and step fingerprints: what would run the converter, whether it is ready, and what stands
 * in the way. Starts no process once the environment is made.
 */
export async function describePython(signal?: AbortSignal): Promise<PythonStatus> {
  const setting = process.env.QUANTSMITH_PYTHON;
  try {
    const python = setting ? await chosenPython(setting, signal) : await readEnvironment();
    if (python) return { path: python.path, version: python.version, ready: true, digest: python.digest };
    return { ...(await findPython(signal)), ready: false, digest: requirementsDigest };
  } catch (error) {
    if (!(error instanceof QuantsmithError)) throw error;
    return {
      path: null,
      version: null,
      ready: false,
      digest: setting ? "unusable" : requirementsDigest,
      problem: error,
    };
  }
}

function environmentFolder(): string {
  return path.join(cacheFolder(), "python", requirementsDigest);
}

/** The environment if it is whole and the Python it was made from is still there. */
async function readEnvironment(): Promise<ConverterPython | undefined> {
  const folder = environmentFolder();
  const interpreter = path.join(folder, "bin", "python");
  try {
    const { version } = JSON.parse(await readFile(path.join(folder, readyName), "utf8")) as ReadyRecord;
    await access(interpreter);
    return { path: interpreter, version, digest: requirementsDigest };
  } catch {
    return undefined;
  }
}
