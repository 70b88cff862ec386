import { access, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { DeviceBackendKind } from "./backend-libraries.js";

const exists = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/**
 * Returns the kinds of backends for which this machine has a graphics card, from the system's files. Starts no process and
 * loads no driver: a machine without a card needs no search for backends. `root` replaces `/` in tests.
 */
export async function graphicsHardware(root = "/"): Promise<ReadonlySet<DeviceBackendKind>> {
  if (process.platform === "darwin") return new Set(process.arch === "arm64" ? ["metal"] : []);
  const at = (...parts: string[]) => path.join(root, ...parts);
  // /dev/dxg: a Windows driver in WSL.
  const found = await Promise.all([at("dev", "nvidiactl"), at("dev", "dxg")].map(exists));
  const nvidia = found.includes(true) || (await hasNvidiaCard(at("sys", "bus", "pci", "devices")));
  const nodes = await readdir(at("dev", "dri")).catch(() => []);
  const renders = nodes.some((name) => name.startsWith("renderD"));
  return new Set([...(nvidia ? (["cuda"] as const) : []), ...(nvidia || renders ? (["vulkan"] as const) : [])]);
}

/** Finds an NVIDIA card without a driver, too: PCI vendor 10de, class 03 (display). */
async function hasNvidiaCard(devices: string): Promise<boolean> {
  const names = await readdir(devices).catch(() => []);
  const read = (name: string, field: string) => readFile(path.join(devices, name, field), "utf8").catch(() => "");
  const cards = await Promise.all(
    names.map(
      async (name) =>
        (await read(name, "vendor")).startsWith("0x10de") && (await read(name, "class")).startsWith("0x03"),
    ),
  );
  return cards.includes(true);
}
