import { QuantsmithError } from "../../util/errors.js";
import { findProgram } from "../../util/find-program.js";
import { runSubprocess } from "../../util/subprocess.js";
import { pythonMinors } from "./python-requirements.js";

export interface FoundPython {
  /** Absolute path of the interpreter, not of a launcher such as pyenv's. */
  path: string;
  /** `3.11.7` */
  version: string;
}

/** Prints the interpreter and its version; fails without venv support (Debian without python3-venv). */
const probe = "import sys, platform; print(sys.executable); print(platform.python_version()); import venv, ensurepip";

/**
 * Finds the first Python on the PATH that can create the converter's environment: `python3`, then versioned names.
 * Throws `QS-PYTHON-MISSING` with the rejected interpreters and the reasons.
 */
export async function findPython(signal?: AbortSignal): Promise<FoundPython> {
  const unusable: string[] = [];
  for (const name of ["python3", ...pythonMinors.map((minor) => `python3.${minor}`)]) {
    const file = await findProgram([name]);
    if (file === undefined) continue;
    const result = await runSubprocess({
      file,
      args: ["-I", "-c", probe],
      cwd: "/",
      timeoutMs: 30_000,
      ...(signal && { signal }),
    });
    const [path = "", version = ""] = result.stdout.split("\n");
    const minor = /^3\.(\d+)/.exec(version)?.[1];
    if (minor === undefined) unusable.push(`${name} does not start`);
    else if (!pythonMinors.includes(Number(minor))) unusable.push(`${name} is ${version}`);
    else if (result.exitCode !== 0) unusable.push(`${name} (${version}) has no venv module`);
    else return { path, version };
  }
  const range = `3.${pythonMinors.at(-1)} to 3.${pythonMinors[0]}`;
  const found = unusable.length === 0 ? "the PATH contains no Python" : unusable.join(", ");
  throw new QuantsmithError("QS-PYTHON-MISSING", `the converter needs Python ${range}: ${found}`, {
    remedy:
      process.platform === "darwin"
        ? "Run `brew install python@3.12`, or set `QUANTSMITH_PYTHON`."
        : "Run `apt-get install python3 python3-venv` (Debian, Ubuntu) or `dnf install python3` (Fedora), or set `QUANTSMITH_PYTHON`.",
  });
}
