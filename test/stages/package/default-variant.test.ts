import { expect, test } from "vitest";
import type { VariantReport } from "../../../src/release/release-report.js";
import { resolveLlamaCpp } from "../../../src/release/resolve/llama-cpp.js";
import { resolveLmStudio } from "../../../src/release/resolve/lm-studio.js";
import { resolveOllama } from "../../../src/release/resolve/ollama.js";
import { defaultWarnings } from "../../../src/stages/package/default-variant.js";
import { largeReport, qualityAt } from "../../fixtures/release-report.js";

function variant(name: string, bytes: number, kldMean: number): VariantReport {
  const [any] = largeReport.variants;
  if (any === undefined) throw new Error("no variant");
  return { ...any, name, file: `Model-${name}.gguf`, bytes, quality: qualityAt(kldMean) };
}

const preset = variant("Q4_K_M", 100, 0.02);
const dynamic = variant("UD-Q4_K_M", 100, 0.01);

test("a dynamic variant with the name of its size is what runtimes take by default", () => {
  const files = ["Model-Q4_K_M.gguf", "Model-Q8_0.gguf"];
  for (const resolve of [resolveLlamaCpp, resolveOllama]) expect(resolve(files).file).toBe("Model-Q4_K_M.gguf");
  expect(resolveLmStudio(files, "Q4_K_M").file).toBe("Model-Q4_K_M.gguf");
  expect(
    defaultWarnings([{ ...dynamic, name: "Q4_K_M", file: "Model-Q4_K_M.gguf" }, variant("Q8_0", 200, 0.001)]),
  ).toEqual([]);
});

test("a default beside a better file of its size has a warning that names the runtimes", () => {
  expect(defaultWarnings([preset, dynamic])).toEqual([
    {
      code: "QW-DEFAULT-WORSE",
      variant: "Q4_K_M",
      message:
        "without a tag, llama.cpp, ollama, node-llama-cpp take this file, although UD-Q4_K_M is not larger and closer to the base",
      remedy: expect.stringContaining("`name: Q4_K_M`"),
    },
  ]);
});

test.each([
  ["larger", [preset, { ...dynamic, bytes: 101 }]],
  ["within the errors", [preset, { ...dynamic, quality: qualityAt(0.0195) }]],
  ["not measured", [preset, { ...dynamic, quality: null }]],
])("a default beside a file that is %s has none", (_what, variants) => {
  expect(defaultWarnings(variants)).toEqual([]);
});
