import path from "node:path";
import { QuantsmithError } from "../../util/errors.js";
import { findProgram, isExecutable } from "../../util/find-program.js";
import { quote } from "../../util/quote.js";
import { sha256 } from "../../util/sha256.js";
import { runSubprocess } from "../../util/subprocess.js";
import type { ConverterPython } from "./converter-python.js";
import { neededModules } from "./python-requirements.js";

const remedy = `Install ${neededModules.join(", ")} for this Python, or unset \`QUANTSMITH_PYTHON\`.`;

/** Reads versions from package metadata in about 0.1 s; importing torch takes seconds. */
const readVersions = [
  "import json, platform, importlib.metadata as m",
  `names = ${JSON.stringify([...neededModules, "tokenizers", "protobuf", "safetensors"])}`,
  "have = {d.metadata['Name'].lower() for d in m.distributions() if d.metadata['Name']}",
  "print(json.dumps([platform.python_version(), {n: m.version(n) for n in names if n in have}]))",
].join("\n");

/**
 * Returns the Python set in `QUANTSMITH_PYTHON` (a path, or a name on the PATH), with a digest of relevant versions.
 * Throws `QS-PYTHON-PACKAGES` if it does not exist, does not start or has a package missing.
 */
export async function configuredPython(setting: string, signal?: AbortSignal): Promise<ConverterPython> {
  const file = setting.includes("/") ? path.resolve(setting) : await findProgram([setting]);
  if (file === undefined || !(await isExecutable(file))) {
    throw unusable(`QUANTSMITH_PYTHON is not an executable: ${quote(setting)}`);
  }
  const result = await runPython(file, readVersions, signal);
  if (result.exitCode !== 0) throw unusable(`${file} (QUANTSMITH_PYTHON) does not start`, result.tail);
  const [version, packages] = JSON.parse(result.stdout) as [string, Record<string, string>];
  const missing = neededModules.filter((name) => packages[name] === undefined);
  if (missing.length > 0)
    throw unusable(`${file} (QUANTSMITH_PYTHON) does not have the packages ${missing.join(", ")}`);
  return { path: file, version, digest: sha256(JSON.stringify([version, packages])).slice(0, 16) };
}

/** Imports the converter's modules. Throws `QS-PYTHON-PACKAGES` with Python's last lines if that fails. */
export async function checkImports(file: string, signal?: AbortSignal): Promise<void> {
  const result = await runPython(file, `import ${neededModules.join(", ")}`, signal);
  if (result.exitCode !== 0) throw unusable(`${file} cannot import ${neededModules.join(", ")}`, result.tail);
}

/** Returns the version that an interpreter prints; undefined if it does not start. */
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
