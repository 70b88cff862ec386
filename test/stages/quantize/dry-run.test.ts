import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { foreseeChoice } from "../../../src/stages/allocate/foresee-choice.js";
import { foreseeVariant } from "../../../src/stages/quantize/foresee-variant.js";
import type { ForeseeContext } from "../../../src/stages/stage.js";
import { wholeSource } from "../../fixtures/gguf-source.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

test("the steps of a plan share the outline and each dry run of llama-quantize", async () => {
  const work = temporaryFolder();
  const file = join(work, "m.gguf");
  writeFileSync(file, wholeSource());
  const runs = new Map<string, number>();
  const context: ForeseeContext = {
    ...{ work, threads: 1, signal: new AbortController().signal },
    partial: () => Promise.resolve(work),
    toolchain: () => Promise.reject(new Error("no tools")),
    once: async (key, compute) => {
      runs.set(key, (runs.get(key) ?? 0) + 1);
      return (key === "outline" ? await compute() : { tensors: [], argv: [], peakMemoryBytes: 0 }) as never;
    },
  };
  const params = (preset: string) =>
    ({ preset, rules: [], imatrixName: "i.gguf", rounding: "nearest", allowRequantize: false }) as const;
  // Two presets, and a dynamic variant of the size of one of them.
  for (const preset of ["Q8_0", "Q4_K_M", "Q4_K_M"]) await foreseeVariant(params(preset), { file }, context);
  const budget = { kind: "sizeOf", preset: "Q4_K_M" } as const;
  const choice = { ...params("Q4_K_M"), budget, types: null, pins: [], refine: false };
  await foreseeChoice(choice, { file }, context);
  expect(runs.get("outline")).toBe(4);
  expect([...runs].filter(([key]) => key !== "outline").map(([, uses]) => uses)).toEqual([2, 2]);
});
