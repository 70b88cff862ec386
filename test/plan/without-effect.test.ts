import { expect, test } from "vitest";
import { planned, stepKeys } from "../fixtures/planned-steps.js";

const recipe = (mmproj: string, variant: string) =>
  `version: 1\nmodel: { source: ./m, name: M }\nconvert: { mmproj: ${mmproj} }\nvariants:\n  - ${variant}\n`;
const dynamic = (more: string) => `{ name: Q4_K_M, dynamic: { sizeOf: Q4_K_M }${more} }`;
/** Of a 16-bit GGUF file. */
const model = { gguf: ["m.gguf"], files: [{ path: "m.gguf", bytes: 1, digest: "sha256:0" }], config: null };

test("settings without an effect are warnings with their place, and change no key", async () => {
  const plain = await planned(recipe("auto", dynamic("")), model);
  const given = await planned(recipe("Q8_0", dynamic(", allowRequantize: true")), model);
  expect(plain.warnings).toEqual([]);
  expect(given.warnings).toMatchObject([
    { code: "QW-SETTING-UNUSED", message: expect.stringContaining("`mmproj`"), at: { line: 3, column: 20 } },
    { code: "QW-SETTING-UNUSED", message: expect.stringMatching(/^Q4_K_M: `allowRequantize`/), at: { line: 5 } },
  ]);
  const [before, after] = [stepKeys(plain), stepKeys(given)];
  for (const id of ["allocate:errors", "allocate:Q4_K_M", "quantize:Q4_K_M"]) {
    expect([id, after.get(id)]).toEqual([id, before.get(id) ?? "missing"]);
  }
});

test("they are no warnings where they have an effect", async () => {
  const kept = { ...model, kept: { type: "MXFP4" as const, parameters: 9e8 } };
  expect((await planned(recipe("none", "{ preset: Q2_K, allowRequantize: true }"), kept)).warnings).toEqual([]);
  const vision = { config: { architectures: ["Gemma3ForConditionalGeneration"], vision_config: {} } };
  expect((await planned(recipe("Q8_0", "Q8_0"), vision)).warnings).toEqual([]);
});
