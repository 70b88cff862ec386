import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../../util/cache-folder.js";
import { QuantsmithError } from "../../util/errors.js";
import { withFolderLock } from "../toolchain/cache-lock.js";
import { resolveToolchain, type ToolchainOptions } from "../toolchain/toolchain.js";
import { checkImports, configuredPython, readPythonVersion } from "./configured-python.js";
import type { ConverterPython } from "./converter-python.js";
import { findPython } from "./find-python.js";
import { installPython, type ReadyRecord, readyName } from "./install-python.js";
import { packagesDigest } from "./packages-digest.js";
import { requirementsDigest } from "./python-requirements.js";

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
    const python = await configuredPython(setting, options.signal);
    await checkImports(python.path, options.signal);
    return python;
  }
  const folder = environmentFolder();
  const made = await verifyEnvironment(options.signal);
  if (made) return made;
  const converter = (await resolveToolchain(options)).scripts?.converter;
  const onWait = () => options.onProgress?.("waiting for another process that installs the converter's Python");
  return withFolderLock(path.dirname(folder), { ...options, onWait }, async (signal) => {
    const madeMeanwhile = await verifyEnvironment(signal);
    if (madeMeanwhile) return madeMeanwhile;
    if (await readEnvironment())
      options.onProgress?.("the converter's Python environment is damaged and is made again");
    await installPython({ folder, converter, signal, ...(options.onProgress && { onProgress: options.onProgress }) });
    const installed = await readEnvironment();
    if (installed === undefined) throw new Error(`the environment just made is not in ${folder}`);
    return installed.python;
  });
}

/**
 * What goes into step fingerprints for the Python that runs the converter, whether its environment is made or not. Starts
 * a process only for a Python of the user's own.
 */
export async function pythonDigest(signal?: AbortSignal): Promise<string> {
  return process.env.QUANTSMITH_PYTHON ? (await describePython(signal)).digest : requirementsDigest;
}

/**
 * Looks only, for `doctor`: what would run the converter, whether it is ready, and what stands
 * in the way. Starts no process once the environment is made.
 */
export async function describePython(signal?: AbortSignal): Promise<PythonStatus> {
  const setting = process.env.QUANTSMITH_PYTHON;
  try {
    const python = setting ? await configuredPython(setting, signal) : (await readEnvironment())?.python;
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

/** Raised when the way the environment is made changes, so that older ones are not taken for it. */
const environmentRevision = 2;

function environmentFolder(): string {
  return path.join(cacheFolder(), "python", `${requirementsDigest}-r${environmentRevision}`);
}

/** The environment if it was finished and the Python it was made from is still there. */
async function readEnvironment(): Promise<{ python: ConverterPython; record: ReadyRecord } | undefined> {
  const folder = environmentFolder();
  const interpreter = path.join(folder, "bin", "python");
  try {
    const record = JSON.parse(await readFile(path.join(folder, readyName), "utf8")) as ReadyRecord;
    await access(interpreter);
    return { python: { path: interpreter, version: record.version, digest: requirementsDigest }, record };
  } catch {
    return undefined;
  }
}

/** The same, looked at closely: every file is there in its size, and Python is the version that finds them. */
async function verifyEnvironment(signal?: AbortSignal): Promise<ConverterPython | undefined> {
  const made = await readEnvironment();
  if (made === undefined) return undefined;
  const { python, record } = made;
  const packages = await packagesDigest(environmentFolder()).catch(() => undefined);
  const whole =
    packages === record.packages && minor(await readPythonVersion(python.path, signal)) === minor(record.version);
  return whole ? python : undefined;
}

/** `3.11` of `3.11.7`: packages lie in a folder named for it. */
function minor(version: string | undefined): string | undefined {
  return version?.split(".").slice(0, 2).join(".");
}
