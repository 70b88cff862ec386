import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkTensorTypes } from "../../src/gguf/check-tensor-types.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { ggmlTypes } from "../../src/quant/ggml-types.js";
import { buildGguf } from "../fixtures/gguf-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const path = join(temporaryFolder(), "model.gguf");

test("differences contain the tensor's name, the expected and the actual type", async () => {
  const tensors = [
    { name: "kept", shape: [256], type: 12, bytes: 144 },
    { name: "ignored", shape: [256], type: 14, bytes: 210 },
    { name: "free", shape: [8] },
  ];
  writeFileSync(path, buildGguf({ tensors }));
  const [f32, q4, q6] = [0, 12, 14].map((id) => ggmlTypes.find((type) => type.id === id));
  if (f32 === undefined || q4 === undefined || q6 === undefined) throw new Error("a type is missing");
  const expected = new Map([
    ["kept", q4],
    ["ignored", q4],
    ["absent", f32],
  ]);
  const gguf = await readGguf(path);
  expect(checkTensorTypes(gguf, expected)).toEqual([
    { name: "ignored", expected: q4, actual: q6 },
    { name: "absent", expected: f32, actual: undefined },
  ]);
  expect(checkTensorTypes(gguf, new Map([["kept", q4]]))).toEqual([]);
});
