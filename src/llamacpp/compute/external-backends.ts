import path from "node:path";
import { runSubprocess } from "../../util/subprocess.js";
import type { Toolchain } from "../toolchain/toolchain.js";
import type { DeviceBackendKind } from "./backend-libraries.js";
import type { BackendStatus, ListedDevice } from "./list-backends.js";

const kinds: readonly (readonly [name: RegExp, kind: DeviceBackendKind, label: string])[] = [
  [/^CUDA\d+$/, "cuda", "CUDA"],
  [/^(?:MTL\d+|Metal)$/, "metal", "Metal"],
  [/^Vulkan\d+$/, "vulkan", "Vulkan"],
];
const softwareDevice = /\b(?:llvmpipe|SwiftShader)\b/i;
const mebibyte = 2 ** 20;
const listLimitMs = 30_000;

/** Lists the backends that an installed llama.cpp contains, from `llama-perplexity --list-devices`. */
export async function listExternalBackends(tools: Toolchain["tools"], signal?: AbortSignal): Promise<BackendStatus[]> {
  const file = tools["llama-perplexity"].path;
  const result = await runSubprocess({
    file,
    args: ["--list-devices"],
    cwd: path.dirname(file),
    timeoutMs: listLimitMs,
    ...(signal && { signal }),
  });
  const devices = parseDevices(result.stdout);
  return kinds.map(([, kind, label]) => {
    const own = devices.filter(({ backend }) => backend === kind);
    const problem = own.length > 0 ? null : "the llama.cpp in use lists no device of this backend";
    const loads = own.length > 0;
    return {
      ...{ kind, label, package: null, installed: loads, loads, missing: [], problem },
      ...{ devices: own, driver: null, library: null },
    };
  });
}

/** Parses "  Vulkan0: AMD Radeon (16384 MiB, 16000 MiB free)"; skips kinds of devices that quantsmith does not use. */
export function parseDevices(stdout: string): ListedDevice[] {
  const lines = stdout.matchAll(/^ +(\w+): (.*) \((\d+) MiB, (\d+) MiB free\)$/gm);
  return [...lines].flatMap(([, name = "", description = "", total, free]) => {
    const kind = kinds.find(([pattern]) => pattern.test(name))?.[1];
    if (kind === undefined) return [];
    const memory = { totalBytes: Number(total) * mebibyte, freeBytes: Number(free) * mebibyte };
    const isSoftware = softwareDevice.test(description);
    return [{ backend: kind, name, description, id: null, ...memory, isIntegrated: false, isSoftware }];
  });
}
