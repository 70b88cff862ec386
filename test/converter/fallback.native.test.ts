import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { convertNative } from "../../src/stages/convert/convert-native.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { checkpoints, makeCheckpoint } from "../fixtures/checkpoints/make-checkpoint.js";
import { failureOf } from "../fixtures/failure.js";
import { stageContext } from "../fixtures/stage-context.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
const params = { outtype: "bf16", baseModel: null, metadata: {}, pretokenizer: "auto", why: "a test" } as const;

test.each([
  ["a missing output matrix, with fallback", true, "lm_head.weight", "QS-PYTHON-MISSING"],
  ["a missing output matrix, without fallback", false, "lm_head.weight", "QS-CONVERT-WEIGHTS"],
  ["a missing tokenizer, which every converter requires", true, undefined, "QS-CONVERT-TOKENIZER"],
])("%s", async (what, fallback, missing, expected) => {
  const llama = checkpoints.find(({ name }) => name === "llama-bf16-to-f16");
  if (llama === undefined) throw new Error("no checkpoint");
  const snapshot = join(home, what);
  await makeCheckpoint(snapshot, { ...llama, tensors: llama.tensors.filter(({ name }) => name !== missing) });
  if (missing === undefined) rmSync(join(snapshot, "tokenizer.model"));
  const notes: string[] = [];
  const context = {
    ...stageContext({ toolchain: await resolveToolchain(), cwd: home, threads: 1 }, { snapshot }),
    // Marks the start of upstream's converter.
    python: () => Promise.reject(new QuantsmithError("QS-PYTHON-MISSING", "this is upstream", { remedy: "none" })),
    note: (text: string) => notes.push(text),
  };
  const { code } = await failureOf(convertNative.run({ ...params, modelName: llama.modelName, fallback }, context));
  expect(code).toBe(expected);
  expect(notes.some((note) => note.includes("lm_head"))).toBe(fallback && missing !== undefined);
  expect(readdirSync(context.out)).toEqual([]);
});
