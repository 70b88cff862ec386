import { expect, test } from "vitest";
import { describeChanges } from "../../../scripts/repin/describe-changes.js";
import { readPinFacts } from "../../../scripts/repin/pin-facts.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { ggmlTypes } from "../../../src/quant/ggml-types.js";
import { presets } from "../../../src/quant/presets.js";

test("the facts of the pin contain the types and presets in use; only differences are printed", async () => {
  const facts = await readPinFacts(await resolveToolchain());
  const { "tensor types": types = [], "file types": fileTypes = [], "model architectures": models } = facts.kinds;
  expect(types).toEqual(expect.arrayContaining(ggmlTypes.map(({ name, id }) => `${name} = ${id}`)));
  const values = fileTypes.map((line) => Number(line.split(" = ")[1]));
  expect(values).toEqual(expect.arrayContaining(presets.map(({ fileType }) => fileType)));
  expect(models).toContain("LlamaForCausalLM");

  expect(describeChanges(facts, facts)).toHaveLength(1);
  const later = { llamaCpp: "v9", kinds: { ...facts.kinds, "tensor types": [...types.slice(1), "Q7_K = 99"] } };
  expect(describeChanges(facts, later)).toEqual([
    `- Changes llama.cpp from ${facts.llamaCpp} to v9.`,
    "- Adds tensor types: Q7_K = 99.",
    `- Removes tensor types: ${types[0]}.`,
  ]);
});
