import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
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

/** A GGUF file whose last tensor, of 16-bit values, has infinity at index 3. */
function damaged(type: number): string {
  const tensors = [
    { name: "output_norm.weight", shape: [8] },
    { name: "blk.0.attn_q.weight.lora_a", shape: [32], type, bytes: 64 },
  ];
  const file = buildGguf({ metadata: completeMetadata, tensors });
  file.writeUInt16LE(type === bf16 ? 0x7f80 : 0x7c00, file.length - 64 + 6);
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
  const check = requireFiniteModel(snapshot, damaged(type), options);
  if (isChecked) expect((await failureOf(check)).code).toBe("QS-CONVERT-OVERFLOW");
  else await check;
});

test("infinity in a projector is an error", async () => {
  const home = temporaryFolder();
  const context = stageContext({ toolchain: { tools: {} } as unknown as Toolchain, cwd: home, threads: 1 }, {});
  copyFileSync(damaged(1), join(context.out, "mmproj.gguf"));
  const run = { argv: [], peakMemoryBytes: 0, seconds: 0 } as unknown as ToolReport;
  const found = await failureOf(reportSideFile(context, run, { file: "mmproj.gguf", report: "projector.json" }));
  expect(found).toMatchObject({ code: "QS-CONVERT-OVERFLOW", remedy: expect.stringContaining("`none`") });
});
