import koffi from "koffi";

/** A physical device of Vulkan. */
export interface VulkanDevice {
  name: string;
  isSoftware: boolean;
  /** `radv Mesa 25.0.7`; empty if the driver is older than Vulkan 1.2. */
  driver: string;
}

const propertiesBytes = 824;
const cpuDeviceType = 4;
/** Values of `VkStructureType`, and Vulkan 1.2 as a version number. */
const structureTypes = { instance: 1, properties2: 1_000_059_001, driver: 1_000_196_000 };
const version12 = (1 << 22) | (2 << 12);

/**
 * Lists the devices of all Vulkan drivers; ggml reports neither a device's type nor its driver. Loads libvulkan.so.1 into
 * this process, which must be a child process. Source of the layouts: the Vulkan 1.2 specification.
 */
export function listVulkanDevices(): VulkanDevice[] {
  const vulkan = koffi.load("libvulkan.so.1");
  const create = vulkan.func("int vkCreateInstance(void *info, void *allocator, _Out_ void **instance)");
  const enumerate = vulkan.func(
    "int vkEnumeratePhysicalDevices(void *instance, _Inout_ uint32_t *count, void *devices)",
  );
  const properties = vulkan.func("void vkGetPhysicalDeviceProperties2(void *device, void *properties)");
  const destroy = vulkan.func("void vkDestroyInstance(void *instance, void *allocator)");

  const application = Buffer.alloc(48);
  application.writeUInt32LE(version12, 44);
  const info = Buffer.alloc(64);
  info.writeUInt32LE(structureTypes.instance, 0);
  info.writeBigUInt64LE(koffi.address(application), 24);
  const instance: [bigint | null] = [null];
  if (create(info, null, instance) !== 0) return [];
  const count: [number] = [0];
  enumerate(instance[0], count, null);
  const handles = Buffer.alloc(8 * count[0]);
  enumerate(instance[0], count, handles);
  const found: VulkanDevice[] = [];
  for (let index = 0; index < count[0]; index++) {
    const driver = Buffer.alloc(536);
    driver.writeUInt32LE(structureTypes.driver, 0);
    const chain = Buffer.alloc(16 + propertiesBytes);
    chain.writeUInt32LE(structureTypes.properties2, 0);
    chain.writeBigUInt64LE(koffi.address(driver), 8);
    properties(handles.readBigUInt64LE(8 * index), chain);
    found.push({
      name: textAt(chain, 16 + 20),
      isSoftware: chain.readUInt32LE(16 + 16) === cpuDeviceType,
      driver: `${textAt(driver, 20)} ${textAt(driver, 276)}`.trim(),
    });
  }
  destroy(instance[0], null);
  return found;
}

/** Returns a field of 256 characters, ended by 0. */
function textAt(bytes: Buffer, start: number): string {
  const field = bytes.subarray(start, start + 256);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? field.length : end);
}
