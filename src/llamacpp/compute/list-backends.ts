import { fileURLToPath } from "node:url";
import { parseChildMessage } from "../../util/child-message.js";
import { packageRoot } from "../../util/package-root.js";
import { redact } from "../../util/redact.js";
import { runSubprocess, type SubprocessResult } from "../../util/subprocess.js";
import { systemTemporaryFolder } from "../../util/system-temporary-folder.js";
import { type BackendLibrary, type DeviceBackendKind, findBackendLibraries } from "./backend-libraries.js";
import type { ComputeDevice } from "./compute.js";
import { type MissingLibrary, missingLibrary } from "./library-packages.js";
import type { ListMessage, ListRequest } from "./protocol.js";

/** A device of this machine. */
export interface ListedDevice extends ComputeDevice {
  /** Shares the memory of the CPU. */
  isIntegrated: boolean;
  /** Computes on the CPU, such as Mesa's llvmpipe. */
  isSoftware: boolean;
}

/** A backend of llama.cpp on this machine. */
export interface BackendStatus {
  kind: DeviceBackendKind;
  /** `CUDA 13`. */
  label: string;
  /** The npm package; null for the backends of an installed llama.cpp. */
  package: string | null;
  installed: boolean;
  loads: boolean;
  /** Shared libraries that it requires and this machine lacks. */
  missing: readonly MissingLibrary[];
  /** Why it does not load or lists no device, in one line; null otherwise. */
  problem: string | null;
  devices: readonly ListedDevice[];
  driver: string | null;
  /** Absolute path for `GGML_BACKEND_PATH`; null if the tools contain the backend. */
  library: string | null;
}

/** Limit for a driver's start; one with many cards needs seconds. */
const listLimitMs = 30_000;

/** Loads all backends of the npm packages in child processes and lists their devices. Throws the reason of `signal`. */
export async function listBackends(signal?: AbortSignal): Promise<BackendStatus[]> {
  return Promise.all((await findBackendLibraries()).map((each) => loadBackend(each, signal)));
}

/**
 * Loads one backend in a child process and lists its devices. A crash of the process, or no answer within `limitMs`, is
 * a problem of the backend. Throws only the reason of `signal`.
 */
export async function loadBackend(
  backend: BackendLibrary,
  signal?: AbortSignal,
  limitMs = listLimitMs,
): Promise<BackendStatus> {
  const { kind, label, library, base, isBuiltIn } = backend;
  const none = { kind, label, package: backend.package, missing: [], devices: [], driver: null };
  const status = { ...none, installed: true, loads: false, library: isBuiltIn ? null : library };
  if (library === null || base === null) {
    const name = library === null ? backend.package : "node-llama-cpp";
    return { ...status, installed: false, problem: `the npm package ${name} is not installed` };
  }
  const request: ListRequest = { kind, library, base };
  const result = await runSubprocess({
    file: process.execPath,
    // The compiled file, also if this file runs from source under vitest.
    args: [fileURLToPath(new URL("dist/llamacpp/compute/list-child.js", packageRoot))],
    cwd: await systemTemporaryFolder(),
    input: JSON.stringify(request),
    timeoutMs: limitMs,
    ...(signal && { signal }),
  });
  const message = result.stdout
    .split("\n")
    .map((line) => parseChildMessage<ListMessage>(line))
    .find((each) => each !== undefined);
  if (message === undefined) return { ...status, problem: describeEnd(result, limitMs) };
  if (message.kind === "unloadable") {
    const missing = message.missing.map(missingLibrary);
    return { ...status, missing, problem: missing.length === 0 ? oneLine(message.reason) : null };
  }
  const capabilities = readCapabilities(result.stderr);
  const isOld = (index: number) => (capabilities.get(index) ?? Number.POSITIVE_INFINITY) < (backend.minCapability ?? 0);
  const devices = message.devices.filter((_, index) => !isOld(index)).map((device) => ({ backend: kind, ...device }));
  const problem = devices.length > 0 ? null : describeNone(message.devices.length, backend, result.stderr);
  return { ...status, loads: true, devices, driver: message.driver, problem };
}

/** Parses "Device 0: NVIDIA H200, compute capability 9.0", which ggml-cuda prints. */
export function readCapabilities(stderr: string): Map<number, number> {
  const found = stderr.matchAll(/^\s*Device (\d+): [^\n]*, compute capability (\d+\.\d+)/gm);
  return new Map([...found].map(([, index, capability]) => [Number(index), Number(capability)]));
}

function describeNone(tooOld: number, { label, kind }: BackendLibrary, stderr: string): string {
  if (tooOld > 0) return `${label} does not support a card as old as this machine's`;
  const reason = /failed to initialize CUDA: ([^\n]+)/.exec(stderr)?.[1];
  if (reason !== undefined) return `CUDA finds no device: ${oneLine(reason)}`;
  return kind === "vulkan" ? "Vulkan finds no graphics card with a driver" : `${label} finds no device`;
}

function describeEnd({ timedOut, signal, exitCode, tail }: SubprocessResult, limitMs: number): string {
  if (timedOut) return `its driver did not answer within ${limitMs / 1000} s`;
  const last = tail.split("\n").at(-1) ?? "";
  const how = signal === undefined ? `ended with code ${exitCode}` : `crashed (${signal})`;
  return oneLine(`its driver ${how}${last === "" ? "" : `: ${last}`}`);
}

const oneLine = (text: string) => redact(text.replace(/\s+/g, " ").trim().slice(0, 300));
