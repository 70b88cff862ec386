import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { cacheFolder } from "../../util/cache-folder.js";
import { QuantsmithError } from "../../util/errors.js";
import { withCacheLock } from "../toolchain/cache-lock.js";
import { requireOwnFolder } from "../toolchain/require-own-folder.js";
import { resolveToolchain, type ToolchainOptions } from "../toolchain/toolchain.js";
import { checkImports, configuredPython, readPythonVersion } from "./configured-python.js";
import type { ConverterPython } from "./converter-python.js";
import { findPython } from "./find-python.js";
import { installPython, type ReadyRecord, readyName } from "./install-python.js";
import { packagesDigest } from "./packages-digest.js";
import { requirementsDigest } from "./python-requirements.js";

export interface PythonStatus {
  /** The interpreter in use, or the one that creates the environment on first use. */
  path: string | null;
  version: string | null;
  /** True if the converter can run without an installation. */
  ready: boolean;
  /** As in `ConverterPython`; available before the environment is created. */
  digest: string;
  problem?: QuantsmithError;
}

/**
 * Returns the Python for the converter. Creates its environment on first use (about 1 min and 1.5 GB, once per user).
 * Concurrent processes may call it: one installs, the others wait. Throws `QS-PYTHON-MISSING`, `QS-PYTHON-PACKAGES`,
 * `QS-PYTHON-INSTALL`, `QS-DISK-FULL` and the errors of `resolveToolchain`.
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
  const onWait = (owner: string) =>
    options.onProgress?.(`waiting for another process to install the converter's Python: ${owner}`);
  return withCacheLock(path.dirname(folder), { ...options, onWait }, async (signal) => {
    const madeMeanwhile = await verifyEnvironment(signal);
    if (madeMeanwhile) return madeMeanwhile;
    if (await readEnvironment()) options.onProgress?.("rebuilding the converter's damaged Python environment");
    await installPython({ folder, converter, signal, ...(options.onProgress && { onProgress: options.onProgress }) });
    const installed = await readEnvironment();
    if (installed === undefined) throw new Error(`${folder} does not contain the environment just created`);
    return installed.python;
  });
}

/**
 * Returns the digest of the converter's Python for step keys, also before its environment exists. Starts a process only
 * for `QUANTSMITH_PYTHON`.
 */
export async function pythonDigest(signal?: AbortSignal): Promise<string> {
  return process.env.QUANTSMITH_PYTHON ? (await describePython(signal)).digest : requirementsDigest;
}

/**
 * Returns the state of the converter's Python for `doctor`, without installing anything. Starts no process if the
 * environment exists.
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

/** Raised if the creation of the environment changes, so that older environments are not used. */
const environmentRevision = 2;

function environmentFolder(): string {
  return path.join(cacheFolder(), "python", `${requirementsDigest}-r${environmentRevision}`);
}

/** Returns the environment if it is complete and its base Python still exists. Throws QS-CACHE-OWNER. */
async function readEnvironment(): Promise<{ python: ConverterPython; record: ReadyRecord } | undefined> {
  const folder = environmentFolder();
  const interpreter = path.join(folder, "bin", "python");
  await requireOwnFolder(path.dirname(interpreter));
  try {
    const record = JSON.parse(await readFile(path.join(folder, readyName), "utf8")) as ReadyRecord;
    await access(interpreter);
    return { python: { path: interpreter, version: record.version, digest: requirementsDigest }, record };
  } catch {
    return undefined;
  }
}

/** Returns the environment if all package files have their sizes and Python has the recorded version. */
async function verifyEnvironment(signal?: AbortSignal): Promise<ConverterPython | undefined> {
  const made = await readEnvironment();
  if (made === undefined) return undefined;
  const { python, record } = made;
  const packages = await packagesDigest(environmentFolder()).catch(() => undefined);
  const isIntact =
    packages === record.packages && minor(await readPythonVersion(python.path, signal)) === minor(record.version);
  return isIntact ? python : undefined;
}

/** Returns `3.11` for `3.11.7`, the name of the packages' folder. */
function minor(version: string | undefined): string | undefined {
  return version?.split(".").slice(0, 2).join(".");
}
