import path from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { sha256 } from "../../util/sha256.js";
import { runSubprocess } from "../../util/subprocess.js";
import { findProgram, isExecutable } from "../toolchain/find-program.js";
import type { ConverterPython } from "./converter-python.js";
import { neededModules } from "./python-requirements.js";

const remedy = `Install ${neededModules.join(", ")} for it, or unset QUANTSMITH_PYTHON to have an environment made.`;

/** Reads versions from the packages' metadata, which takes a tenth of a second; importing torch takes some. */
const readVersions = [
  "import json, platform, importlib.metadata as m",
  `names = ${JSON.stringify([...neededModules, "tokenizers", "protobuf", "safetensors"])}`,
  "have = {d.metadata['Name'].lower() for d in m.distributions() if d.metadata['Name']}",
  "print(json.dumps([platform.python_version(), {n: m.version(n) for n in names if n in have}]))",
].join("\n");

/**
 * The Python a user set in `QUANTSMITH_PYTHON` (a path, or a name on the PATH) with the versions that matter.
 * Throws `QS-PYTHON-PACKAGES` when it is not there, does not start or lacks a package.
 */
export async function configuredPython(setting: string, signal?: AbortSignal): Promise<ConverterPython> {
  const file = setting.includes("/") ? path.resolve(setting) : await findProgram([setting]);
  if (file === undefined || !(await isExecutable(file))) {
    throw unusable(`QUANTSMITH_PYTHON names ${setting}, which is no program`);
  }
  const result = await runPython(file, readVersions, signal);
  if (result.exitCode !== 0) throw unusable(`${file} (QUANTSMITH_PYTHON) does not start`, result.tail);
  const [version, packages] = JSON.parse(result.stdout) as [string, Record<string, string>];
  const missing = neededModules.filter((name) => packages[name] === undefined);
  if (missing.length > 0) throw unusable(`${file} (QUANTSMITH_PYTHON) has no ${missing.join(", ")}`);
  return { path: file, version, digest: sha256(JSON.stringify([version, packages])).slice(0, 16) };
}

/** Imports what the converter imports. Throws `QS-PYTHON-PACKAGES` with Python's own last lines when that fails. */
export async function checkImports(file: string, signal?: AbortSignal): Promise<void> {
  const result = await runPython(file, `import ${neededModules.join(", ")}`, signal);
  if (result.exitCode !== 0) throw unusable(`${file} cannot import ${neededModules.join(", ")}`, result.tail);
}

/** The version an interpreter tells of itself; undefined when it does not start. */
export async function readPythonVersion(file: string, signal?: AbortSignal): Promise<string | undefined> {
  const result = await runPython(file, "import platform; print(platform.python_version())", signal);
  return result.exitCode === 0 ? result.stdout.trim() : undefined;
}

function runPython(file: string, code: string, signal?: AbortSignal) {
  const env = { PYTHONNOUSERSITE: "1", PYTHONPATH: "", PYTHONUTF8: "1", PYTHONDONTWRITEBYTECODE: "1" };
  return runSubprocess({ file, args: ["-c", code], cwd: path.dirname(file), env, ...(signal && { signal }) });
}

function unusable(message: string, output?: string): QuantsmithError {
  return new QuantsmithError("QS-PYTHON-PACKAGES", message, { remedy, ...(output === undefined ? {} : { output }) });
}
