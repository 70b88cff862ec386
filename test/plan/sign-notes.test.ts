import { expect, test } from "vitest";
import { describeOperation, isNotable } from "../../src/cli/views/describe-operation.js";
import { planned } from "../fixtures/planned-steps.js";

const recipe = (publish: string) =>
  `version: 1\nmodel: { source: ./tiny-llama }\npipeline: preview\nvariants: [Q8_0]\npublish: { repo: me/tiny, ${publish} }\n`;

test("the plan of a private release with a signature says what becomes public, and so does its signing", async () => {
  const { notes } = await planned(recipe("private: true, sign: true"));
  expect(notes.filter((note) => note.includes("Sigstore's public log"))).toHaveLength(1);
  for (const publish of ["private: true", "sign: true"]) expect((await planned(recipe(publish))).notes).toEqual([]);
  const sign = { operation: "sign" as const, path: "model.sig" };
  expect(describeOperation(sign)).toMatch(/^sign the release as model.sig: .*signer's identity permanently$/);
  expect([isNotable(sign), isNotable({ operation: "keep", path: "a.gguf" })]).toEqual([true, false]);
});
