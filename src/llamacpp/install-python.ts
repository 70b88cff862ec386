import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { writeFileAtomic } from "../util/files.js";
import { runSubprocess, type SubprocessResult } from "../util/subprocess.js";
import { checkImports } from "./chosen-python.js";
import { findPython } from "./find-python.js";
import { otherRequirements, torchRequirement } from "./python-requirements.js";
import { toolFailure } from "./tool-failure.js";

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
  version: string;
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
    const made = await runSubprocess({ file: python.path, args: ["-m", "venv", folder], cwd: "/", env, signal });
    if (made.exitCode !== 0) throw installFailure(made, "making the Python environment");

    const interpreter = path.join(folder, "bin", "python");
    onProgress?.("installing torch (about 200 MB)");
    await pipInstall(
      interpreter,
      [...(await cpuIndexArguments(converter)), torchRequirement],
      "torch",
      signal,
      onProgress,
    );
    onProgress?.("installing transformers and what it needs (about 70 MB)");
    await pipInstall(interpreter, otherRequirements, "transformers", signal, onProgress);
    onProgress?.("checking the Python environment");
    await checkImports(interpreter, signal);
    const record: ReadyRecord = { version: python.version };
    await writeFileAtomic(path.join(folder, readyName), `${JSON.stringify(record)}\n`);
  } catch (error) {
    // It may hold a gigabyte, and perhaps the disk is full.
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

const env = { PYTHONNOUSERSITE: "1", PYTHONPATH: "", PYTHONUTF8: "1" };

async function pipInstall(
  interpreter: string,
  args: readonly string[],
  what: string,
  signal: AbortSignal,
  onProgress?: (note: string) => void,
): Promise<void> {
  const result = await runSubprocess({
    file: interpreter,
    args: [
      ...["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"],
      // A source package would run its own code and need compilers; every pinned version has a wheel.
      ...["--only-binary", ":all:", ...args],
    ],
    cwd: path.dirname(interpreter),
    env,
    signal,
    onText: (text) => {
      const download = [
        ...text.matchAll(/Downloading (?:\S*\/)?([\w.]+)-\d\S*\.whl(?:\.metadata)? \(([\d.]+ [MG]B)\)/g),
      ].at(-1);
      if (download) onProgress?.(`installing ${download[1]} (${download[2]})`);
    },
  });
  if (result.exitCode !== 0) throw installFailure(result, `installing ${what} for the converter`);
}

/**
 * On Linux torch's usual build holds gigabytes of GPU libraries; llama.cpp's requirements name an index of CPU builds.
 * Where it cannot be reached, one try of 15 s is enough: pip then goes on with its usual index.
 */
async function cpuIndexArguments(converter: string | undefined): Promise<string[]> {
  if (process.platform !== "linux" || converter === undefined) return [];
  const file = path.join(path.dirname(converter), "requirements", "requirements-convert_hf_to_gguf.txt");
  const url = /^--extra-index-url\s+(\S+)/m.exec(await readFile(file, "utf8").catch(() => ""))?.[1];
  return url === undefined ? [] : ["--retries", "0", "--timeout", "15", "--extra-index-url", url];
}

function installFailure(result: SubprocessResult, doing: string) {
  return toolFailure(result, {
    doing,
    otherwise: {
      code: "QS-PYTHON-INSTALL",
      remedy:
        "Check the network (pip obeys its PIP_* settings and pip.conf) and that about 1.5 GB of disk are free, then run again. Or set QUANTSMITH_PYTHON to a Python that has the packages.",
    },
  });
}
