import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findNonFinite } from "../../../src/checkpoint/non-finite.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import type { ToolReport } from "../../../src/llamacpp/tool-run.js";
import type { Toolchain } from "../../../src/llamacpp/toolchain/tools.js";
import { requireFinite, requireFiniteModel } from "../../../src/stages/convert/require-finite.js";
import { reportSideFile } from "../../../src/stages/convert/side-file.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { buildGguf, completeMetadata } from "../../fixtures/gguf-builder.js";
import { SafetensorsParts } from "../../fixtures/safetensors-builder.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const options = { signal: new AbortController().signal };
const bf16 = 30;
const q8 = 8;

/** A GGUF file whose last tensor has infinity: at index 3 of 16-bit values, or as the scale of the second block of Q8_0. */
function damaged(type: number): string {
  const bytes = type === q8 ? 68 : 64;
  const tensors = [
    { name: "output_norm.weight", shape: [8] },
    { name: "blk.0.attn_q.weight.lora_a", shape: [type === q8 ? 64 : 32], type, bytes },
  ];
  const file = buildGguf({ metadata: completeMetadata, tensors });
  const start = file.length - Math.ceil(bytes / 32) * 32;
  file.writeUInt16LE(type === bf16 ? 0x7f80 : 0x7c00, start + (type === q8 ? 34 : 6));
  return put(join(temporaryFolder(), "model.gguf"), file);
}

test("infinity in a converted file is an error with tensor and index", async () => {
  const found = await failureOf(requireFinite(await readGguf(damaged(1)), "Use another type.", options));
  expect(found).toMatchObject({
    code: "QS-CONVERT-OVERFLOW",
    message: 'the value at index 3 of "blk.0.attn_q.weight.lora_a" is not finite in F16',
    remedy: "Use another type.",
  });
});

test.each([
  ["BF16", [4, 8], 1, true],
  ["BF16", [4, 8], bf16, false],
  ["F16", [4, 8], 1, false],
  ["F32", [4, 8], 1, true],
  ["F32", [4, 8], bf16, true],
  // Written as F32.
  ["F32", [32], 1, false],
  ["F8_E4M3", [4, 8], bf16, true],
])("of %s weights %j, the file of type %d is checked: %s", async (dtype, shape, type, isChecked) => {
  const snapshot = temporaryFolder();
  const parts = new SafetensorsParts();
  const bytes = { F32: 4, F8_E4M3: 1 }[dtype] ?? 2;
  parts.add("a.weight", dtype, shape, { buffer: new ArrayBuffer(32 * bytes) });
  put(join(snapshot, "model.safetensors"), parts.build());
  const check = requireFiniteModel(snapshot, await readGguf(damaged(type)), options);
  if (isChecked) expect((await failureOf(check)).code).toBe("QS-CONVERT-OVERFLOW");
  else await check;
});

test.each([
  ["mmproj.gguf", 1, "index 3 of", "`none`"],
  ["mmproj.gguf", q8, "index 32 of", "`none`"],
  ["mtp.gguf", q8, "index 32 of", "`drop`"],
])("infinity in %s of type %d is an error", async (file, type, where, otherwise) => {
  const home = temporaryFolder();
  const context = stageContext({ toolchain: { tools: {} } as unknown as Toolchain, cwd: home, threads: 1 }, {});
  copyFileSync(damaged(type), join(context.out, file));
  const run = { argv: [], peakMemoryBytes: 0, seconds: 0 } as unknown as ToolReport;
  const found = await failureOf(reportSideFile(context, run, { file, report: "report.json", otherwise }));
  expect(found).toMatchObject({
    code: "QS-CONVERT-OVERFLOW",
    message: expect.stringContaining(where),
    remedy: otherwise,
  });
});

test("the largest scale of Q8_0 is finite", () => {
  expect(findNonFinite(Buffer.alloc(34, 0xff).fill(Uint8Array.of(0xff, 0x7b), 0, 2), "Q8_0")).toBe(-1);
});
