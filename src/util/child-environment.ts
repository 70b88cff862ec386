import { delimiter, isAbsolute } from "node:path";
import { hasUrlCredentials } from "./redact.js";

/** What a child process needs besides the variables that every child gets. */
export type EnvironmentUse = "packages" | "slurm";

const secretName = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|PRIVATE_KEY|AUTH|(?:^|_)(?:PAT|KEY|PW)(?:_|$)/i;
const searchPaths = new Set(["PATH", "LD_LIBRARY_PATH"]);

/** Variables of the system, the compiler, certificates and the choice of devices. None changes what llama.cpp computes. */
const passedNames = new Set([
  ...["PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP"],
  ...["LD_LIBRARY_PATH", "LD_PRELOAD", "NODE_OPTIONS", "NODE_V8_COVERAGE"],
  ...["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"],
  ...["CC", "CXX", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX"],
  ...["CCACHE_DIR", "CCACHE_CONFIGPATH", "CCACHE_DISABLE", "SDKROOT", "DEVELOPER_DIR", "MACOSX_DEPLOYMENT_TARGET"],
  ...["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_HOME", "CUDA_PATH", "CUDA_CACHE_PATH", "CUDA_MODULE_LOADING"],
  ...["CUDA_MPS_PIPE_DIRECTORY", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"],
  ...["HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "HSA_OVERRIDE_GFX_VERSION", "ROCM_PATH"],
  ...["ONEAPI_DEVICE_SELECTOR", "ZE_AFFINITY_MASK", "MESA_VK_DEVICE_SELECT", "LP_NUM_THREADS"],
  ...["GGML_VK_VISIBLE_DEVICES", "GGML_VK_FORCE_MAX_BUFFER_SIZE"],
]);
/** NIX_CONFIG may contain access tokens. */
const passedPrefixes = /^(?:LC|VK|XDG|NIX(?!_CONFIG$)|DYLD)_/;

const proxyName = /^(?:https?|all|no)_proxy$/i;
/** Settings of pip and uv, whose indexes may need credentials. */
const packageName = /^(?:PIP_|UV_(?!PUBLISH_)|NETRC$|PYTHON_KEYRING_BACKEND$|DBUS_SESSION_BUS_ADDRESS$)/;
/** Settings of Slurm's programs. */
const slurmName = /^(?:SLURM|SBATCH|SQUEUE|SACCT|SCANCEL|SINFO|MUNGE)_/;

/** Of the submitting shell, a Slurm worker gets these, and the settings of quantsmith. */
const workerName = /^(?:HF_HOME|HF_HUB_CACHE|HOME|LANG|LC_ALL|LD_LIBRARY_PATH|PATH|XDG_CACHE_HOME|QUANTSMITH_[A-Z_]+)$/;

/** Variables of llama.cpp and ggml, which change what they compute, and thus figures. */
const computeName = /^(?:LLAMA_|GGML_)/;

/**
 * Returns the environment for a child process: the listed variables of this process, and `extra`. Native tools and
 * converters read hostile files and must not be able to leak credentials, and a variable that changes their figures is
 * in no cache key. Relative entries of search paths are removed: a child would look in its working folder for programs
 * such as a compiler's assembler.
 */
export function childEnvironment(
  extra: Readonly<Record<string, string>> = {},
  use?: EnvironmentUse,
): Record<string, string> {
  const own = pick((name) => (passedNames.has(name) || passedPrefixes.test(name)) && !secretName.test(name), false);
  if (use === "packages")
    return { ...own, ...pick((name) => proxyName.test(name) || packageName.test(name)), ...extra };
  if (use === "slurm") return { ...own, ...pick((name) => slurmName.test(name)), ...extra };
  return { ...own, ...extra };
}

/** Returns the environment of a worker in a Slurm job, without credentials. */
export function workerEnvironment(): Record<string, string> {
  return pick((name) => workerName.test(name) && !secretName.test(name), false);
}

/**
 * Removes the variables of llama.cpp and ggml from this process, whose threads call ggml. The choice of devices stays.
 * Called once, when the program starts.
 */
export function removeComputeVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (computeName.test(name) && !passedNames.has(name)) delete process.env[name];
  }
}

function pick(isPassed: (name: string) => boolean, mayHaveCredentials = true): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const text = searchPaths.has(name) ? absoluteEntries(value) : value;
    if (text === undefined || !isPassed(name)) continue;
    if (mayHaveCredentials || !hasUrlCredentials(text)) kept[name] = text;
  }
  return kept;
}

/** Returns undefined if no entry is left, since an empty search path is the working folder. */
function absoluteEntries(searchPath = ""): string | undefined {
  const entries = searchPath.split(delimiter).filter((entry) => isAbsolute(entry));
  return entries.length === 0 ? undefined : entries.join(delimiter);
}
