import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { editGguf } from "../../../src/gguf/edit/edit-gguf.js";
import { metadataString } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { buildGguf, completeMetadata } from "../../fixtures/gguf-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/** Mounts an overlay over a folder with a file. Returns its folder; undefined where that is not possible. */
function mountOverlay(content: Uint8Array): string | undefined {
  const home = temporaryFolder();
  try {
    // An overlay needs other file systems than that of a container.
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", home], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) => join(home, name));
  for (const folder of [lower, upper, work, merged]) mkdirSync(String(folder));
  writeFileSync(join(String(lower), "model.gguf"), content);
  try {
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    execFileSync("mount", ["-t", "overlay", "overlay", "-o", layers, String(merged)], { stdio: "ignore" });
  } catch {
    execFileSync("umount", [home]);
    return undefined;
  }
  return merged;
}

function unmount(merged: string): void {
  for (const folder of [merged, join(merged, "..")]) execFileSync("umount", [folder]);
}

const overlay = mountOverlay(new Uint8Array());
if (overlay !== undefined) unmount(overlay);

test.runIf(overlay !== undefined)("a file in the lower layer of an overlay is edited at the first try", async () => {
  const content = buildGguf({ metadata: completeMetadata, tensors: [{ name: "a", shape: [32] }] });
  const merged = mountOverlay(content) ?? "";
  try {
    const path = join(merged, "model.gguf");
    const edit = await editGguf(path, [{ kind: "set", key: "general.name", text: "Wide" }]);
    expect(edit.how).toBe("header");
    expect(metadataString(await readGguf(path), "general.name")).toBe("Wide");
    expect(readFileSync(join(merged, "../lower/model.gguf"))).toEqual(Buffer.from(content));
  } finally {
    unmount(merged);
  }
});
