/**
 * The child process that loads a backend and lists its devices. A separate process, since a driver may crash, hang or
 * print, and its library must not stay in the main process.
 */
import { access } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import koffi from "koffi";
import { readNeeded } from "./elf-needed.js";
import type { ListMessage, ListRequest, ReportedDevice } from "./protocol.js";
import { listVulkanDevices, type VulkanDevice } from "./vulkan-drivers.js";

type Library = ReturnType<typeof koffi.load>;

// biome-ignore lint/plugin: the channel to the parent process
const send = (message: ListMessage) => process.stdout.write(`${JSON.stringify(message)}\n`);
/** `GGML_BACKEND_DEVICE_TYPE_IGPU` of ggml-backend.h. */
const integratedType = 2;
/** Of ggml-backend.h; `capabilities` is longer than ggml's, which grows. */
koffi.struct("ggml_backend_dev_props", {
  ...{ name: "const char *", description: "const char *", free: "size_t", total: "size_t" },
  ...{ type: "int", id: "const char *", capabilities: koffi.array("uint8_t", 64) },
});
interface DeviceProperties {
  name: string;
  description: string;
  free: number | bigint;
  total: number | bigint;
  type: number;
  id: string | null;
}

async function main(): Promise<void> {
  const request = JSON.parse(await text(process.stdin)) as ListRequest;
  const base = koffi.load(request.base);
  let library: Library;
  try {
    library = koffi.load(request.library);
  } catch (error) {
    const reason = messageOf(error);
    return void send({ kind: "unloadable", missing: await findMissing(request.library, reason), reason });
  }
  const devices = listDevices(base, library);
  const drivers = request.kind === "vulkan" ? vulkanDrivers() : [];
  send({
    kind: "loaded",
    devices: devices.map((device) => ({ ...device, isSoftware: driverOf(device, drivers)?.isSoftware ?? false })),
    driver: request.kind === "cuda" ? nvidiaDriver() : ((devices[0] && driverOf(devices[0], drivers)?.driver) ?? null),
  });
}

/** Returns an empty array for a loader older than Vulkan 1.1, which ggml supports too. */
function vulkanDrivers(): VulkanDevice[] {
  try {
    return listVulkanDevices();
  } catch {
    return [];
  }
}

function driverOf({ description }: { description: string }, drivers: readonly VulkanDevice[]) {
  return drivers.find(({ name }) => name === description);
}

function listDevices(base: Library, library: Library): Omit<ReportedDevice, "isSoftware">[] {
  const registry = library.func("void *ggml_backend_init()")();
  if (registry === null) return [];
  const count = base.func("size_t ggml_backend_reg_dev_count(void *registry)");
  const get = base.func("void *ggml_backend_reg_dev_get(void *registry, size_t index)");
  const read = base.func("void ggml_backend_dev_get_props(void *device, _Out_ ggml_backend_dev_props *properties)");
  return Array.from({ length: Number(count(registry)) }, (_, index) => {
    const device = {} as DeviceProperties;
    read(get(registry, index), device);
    const { name, description, id } = device;
    const memory = { totalBytes: Number(device.total), freeBytes: Number(device.free) };
    return { name, description, id: id || null, ...memory, isIntegrated: device.type === integratedType };
  });
}

/** Returns the names of the absent libraries: those that the loader names for the library and each that it requires. */
async function findMissing(library: string, reason: string): Promise<string[]> {
  const missing = new Set<string>(missingIn(reason, library));
  for (const name of await readNeeded(library).catch(() => [])) {
    if (name.startsWith("libggml-base.")) continue;
    const beside = path.join(path.dirname(library), name);
    const isBeside = await access(beside).then(
      () => true,
      () => false,
    );
    try {
      koffi.load(isBeside ? beside : name);
    } catch (error) {
      for (const each of missingIn(messageOf(error), name)) missing.add(each);
    }
  }
  return [...missing];
}

/** Parses the message of glibc's, musl's or macOS's loader, which omits `name` if that file itself is absent. */
function missingIn(reason: string, name: string): string[] {
  const message = reason.replace(/^Failed to load shared library: /, "");
  const match =
    /^(?:([^\s:]+): )?cannot open shared object file: No such file/.exec(message) ??
    /^Error loading shared library ([^\s:]+): No such file/.exec(message) ??
    /Library not loaded: (\S+)/.exec(message);
  return match === null ? [] : [path.basename(match[1] ?? name)];
}

function nvidiaDriver(): string | null {
  try {
    const management = koffi.load("libnvidia-ml.so.1");
    const version = Buffer.alloc(80);
    if (management.func("int nvmlInit_v2()")() !== 0) return null;
    const read = management.func("int nvmlSystemGetDriverVersion(void *version, unsigned int length)");
    return read(version, version.length) === 0 ? version.toString("utf8", 0, Math.max(0, version.indexOf(0))) : null;
  } catch {
    return null;
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

await main();
// Without the drivers' exit handlers, which may hang. The message is written already: pipes are synchronous.
process.kill(process.pid, "SIGKILL");
