import path from "node:path";
import type { QuantsmithError } from "../../util/errors.js";
import { findProgram } from "../../util/find-program.js";
import { runSubprocess, type SubprocessResult } from "../../util/subprocess.js";
import { toolFailure } from "../tool-failure.js";

export interface InstallerOptions {
  signal: AbortSignal;
  onProgress?: (note: string) => void;
}

/** Installs packages, called `name` in errors. `extraIndex` is an additional index that may be unreachable. */
export type PackageInstaller = (name: string, packages: readonly string[], extraIndex?: string) => Promise<void>;

export const installEnvironment = { PYTHONNOUSERSITE: "1", PYTHONPATH: "", PYTHONUTF8: "1" };

/** Source packages would run their own code and need compilers; every pinned version has a wheel. */
const wheelsOnly = ["--only-binary", ":all:"];

/**
 * Returns an installer for the environment of `interpreter`. It uses uv, which is several times faster, if uv is on the
 * PATH. It falls back to the environment's pip, since uv ignores pip's settings and fails without a reachable index.
 * Throws `QS-PYTHON-INSTALL`, `QS-DISK-FULL`.
 */
export function packageInstaller(interpreter: string, { signal, onProgress }: InstallerOptions): PackageInstaller {
  return async (name, packages, extraIndex) => {
    const run = (file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      runSubprocess({
        ...{ file, args, cwd: path.dirname(interpreter), signal, onText: followDownloads(onProgress) },
        env: { ...installEnvironment, ...env },
        use: "packages",
      });
    const index = extraIndex === undefined ? [] : ["--extra-index-url", extraIndex];
    const uv = await findProgram(["uv"]);
    if (uv !== undefined) {
      const args = ["pip", "install", "--no-progress", "--python", interpreter, ...wheelsOnly, ...index, ...packages];
      const result = await run(uv, args, extraIndex === undefined ? {} : oneTry);
      if (result.exitCode === 0) return;
      onProgress?.(`uv failed to install ${name}, using pip`);
    }
    const quietly = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"];
    // pip continues without an unreachable index; one attempt of 15 s is enough.
    const retries = extraIndex === undefined ? [] : ["--retries", "0", "--timeout", "15"];
    const args = ["-m", "pip", "install", ...quietly, ...wheelsOnly, ...retries, ...index, ...packages];
    const result = await run(interpreter, args);
    if (result.exitCode !== 0) throw installFailure(result, `installing ${name} for the converter`);
  };
}

const oneTry = { UV_HTTP_RETRIES: "0", UV_HTTP_TIMEOUT: "15" };

/** pip: "Downloading torch-2.13.0-….whl (202.1 MB)"; uv: "Downloading torch (192.4MiB)". */
function followDownloads(onProgress: InstallerOptions["onProgress"]): (text: string) => void {
  return (text) => {
    const found = /Downloading (?:\S*\/)?([\w.]+)(?:-\d\S*\.whl(?:\.metadata)?)? \(([\d.]+ ?[MG]i?B)\)/g;
    const download = [...text.matchAll(found)].at(-1);
    if (download) onProgress?.(`installing ${download[1]} (${download[2]})`);
  };
}

/** Returns the error for a failed installation step. */
export function installFailure(result: SubprocessResult, doing: string): QuantsmithError {
  return toolFailure(result, {
    doing,
    otherwise: {
      code: "QS-PYTHON-INSTALL",
      remedy:
        "Check the network, pip's settings and that 1.5 GB of disk space are free, then run again. Or set `QUANTSMITH_PYTHON` to a Python with the packages.",
    },
  });
}
