import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { editGguf } from "../../../src/gguf/edit/edit-gguf.js";
import { encodeHeader } from "../../../src/gguf/encode-header.js";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { metadataString } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { ggmlTypeByName } from "../../../src/quant/ggml-types.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const type = ggmlTypeByName("F32");
if (type === undefined) throw new Error("no F32");
const path = join(temporaryFolder(), "model.gguf");
const metadata = new Map<string, GgufValue>([["general.architecture", { type: "string", value: "llama" }]]);
const { bytes, fileBytes } = encodeHeader({ metadata, tensors: [{ name: "a", shape: [7, 3], type }] });
writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(fileBytes - bytes.length, 0xa5)]));

/** The bytes of the only tensor. */
async function tensorData(): Promise<Buffer> {
  const [tensor] = (await readGguf(path)).tensors;
  if (tensor === undefined) throw new Error("no tensor");
  return readFileSync(path).subarray(tensor.offset, tensor.offset + 4 * 7 * 3);
}

test("an edit killed at any time leaves a valid file, or one that the next edit completes", async () => {
  const before = await tensorData();
  const program = fileURLToPath(new URL("../../fixtures/edit-child.mjs", import.meta.url));
  for (let kill = 0; kill < 4; kill++) {
    const child = spawn(process.execPath, [program, path], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    // The child edits repeatedly, so a kill at any time is during an edit.
    await sleep((kill * 11) % 40);
    child.kill("SIGKILL");
    await once(child, "exit");
    await editGguf(path, [{ kind: "set", key: "general.name", text: `after ${kill}` }]);
    const template = metadataString(await readGguf(path), "tokenizer.chat_template");
    expect(template).toMatch(/^(\d)\1{19999}$/);
    expect(await tensorData()).toEqual(before);
  }
  expect(readdirSync(dirname(path))).toEqual([basename(path)]);
});
