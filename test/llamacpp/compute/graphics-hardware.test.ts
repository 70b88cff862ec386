import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { graphicsHardware } from "../../../src/llamacpp/compute/graphics-hardware.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/** Returns the kinds for a machine with these files. */
async function hardwareOf(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  return [...(await graphicsHardware(root))];
}
const card = (vendor: string, kind: string) => ({
  "sys/bus/pci/devices/0000:01:00.0/vendor": `${vendor}\n`,
  "sys/bus/pci/devices/0000:01:00.0/class": `${kind}\n`,
});

test.runIf(process.platform === "linux").each([
  ["nothing", {}, []],
  ["a server's display without a render node", card("0x1234", "0x030000"), []],
  ["an NVIDIA card's sound device", card("0x10de", "0x040300"), []],
  ["an NVIDIA card without a driver", card("0x10de", "0x030200"), ["cuda", "vulkan"]],
  ["the NVIDIA driver", { "dev/nvidiactl": "" }, ["cuda", "vulkan"]],
  ["WSL", { "dev/dxg": "" }, ["cuda", "vulkan"]],
  ["an AMD or Intel card", { "dev/dri/card0": "", "dev/dri/renderD128": "" }, ["vulkan"]],
  ["a display alone", { "dev/dri/card0": "" }, []],
] as const)("%s", async (_name, files, expected) => {
  expect(await hardwareOf(files)).toEqual(expected);
});
