import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { knownType } from "../../../src/quant/ggml-types.js";
import type { VariantReport } from "../../../src/release/release-report.js";
import { distinctVariants } from "../../../src/stages/package/distinct-variants.js";
import { pointlessWarnings, type VariantOutline } from "../../../src/stages/quantize/compare-variants.js";
import { buildGguf, stringPair } from "../../fixtures/gguf-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const outline = (name: string, bytes: number, types: string[], presetBits?: number): VariantOutline => ({
  ...{ name, bytes, types: new Map(types.map((type, index) => [`t${index}`, knownType(type)])) },
  ...(presetBits === undefined ? {} : { presetBits }),
});

test("a usual ladder has no pointless variant", () => {
  const ladder = [
    outline("Q8_0", 9e6, ["Q8_0"], 8.5),
    outline("Q4_K_M", 5e6, ["Q4_K"], 4.9),
    outline("x", 5e6, ["Q5_K"]),
  ];
  expect(pointlessWarnings(ladder)).toEqual([]);
});

test("a variant that fallback makes larger than a better one, or equal to another, is named", () => {
  const found = pointlessWarnings([
    outline("Q8_0", 9e6, ["Q8_0", "Q8_0"], 8.5),
    outline("Q6_K", 9e6, ["Q8_0", "Q8_0"], 6.6),
    outline("Q4_0", 5e6, ["Q4_0", "Q8_0"], 4.6),
    outline("Q3_K_M", 5.5e6, ["Q4_0", "Q5_1"], 4),
    outline("Q5_K_M", 9e6, ["Q8_0", "Q8_0"]),
  ]);
  expect(found.map(({ code, variant, message }) => [code, variant, message])).toEqual([
    ["QW-VARIANT-POINTLESS", "Q6_K", "it has the tensor types of Q8_0, so it is not released beside it"],
    [
      "QW-VARIANT-POINTLESS",
      "Q3_K_M",
      "it is not smaller than Q4_0, whose preset has more bits per weight: 5.50 MB against 5.00 MB",
    ],
    ["QW-VARIANT-POINTLESS", "Q5_K_M", "it has the tensor types of Q8_0, so it is not released beside it"],
  ]);
});

test("of two files with the same tensor types, the first is released", async () => {
  const folder = temporaryFolder();
  const types: Record<string, number> = { Q8_0: 0, Q5_K_M: 0, Q4_0: 1 };
  for (const [name, type] of Object.entries(types)) {
    const tensors = [{ name: "token_embd.weight", shape: [32], type, bytes: type === 0 ? 128 : 64 }];
    writeFileSync(
      join(folder, `${name}.gguf`),
      buildGguf({ metadata: [stringPair("general.architecture", "llama")], tensors }),
    );
  }
  const variants = Object.keys(types).map((name) => ({ name }) as VariantReport);
  const input = (name: string) => join(folder, `${name.replace("model:", "")}.gguf`);
  const { kept, warnings } = await distinctVariants(variants, { input });
  expect(kept.map(({ name }) => name)).toEqual(["Q8_0", "Q4_0"]);
  expect(warnings.map(({ variant }) => variant)).toEqual(["Q5_K_M"]);
});
