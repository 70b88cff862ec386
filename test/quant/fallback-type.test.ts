import { expect, test } from "vitest";
import { storedType } from "../../src/quant/fallback-type.js";
import { ggmlTypeByName } from "../../src/quant/ggml-types.js";
import { clonePinnedSource } from "../fixtures/pinned-source.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

function stored(name: string, columns: number): string | undefined {
  const type = ggmlTypeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return storedType(type, columns)?.name;
}

/** The cases of `tensor_type_fallback`: type and fallback by their names in ggml's enum. */
function pinnedFallbacks(): [type: string, fallback: string][] {
  const code = clonePinnedSource(temporaryFolder())("src/llama-quant.cpp");
  const body = code.slice(code.indexOf("static ggml_type tensor_type_fallback"));
  const found: [string, string][] = [];
  let open: string[] = [];
  for (const [, type, fallback] of body
    .slice(0, body.indexOf("default:"))
    .matchAll(/case GGML_TYPE_(\w+):|return_type = GGML_TYPE_(\w+)/g)) {
    if (type !== undefined) open.push(type);
    if (fallback === undefined) continue;
    found.push(...open.map((one): [string, string] => [one, fallback]));
    open = [];
  }
  return found;
}

test("rows of whole blocks are stored in the requested type", () => {
  expect(stored("Q4_K", 512)).toBe("Q4_K");
  expect(stored("Q8_0", 96)).toBe("Q8_0");
});

test("other rows fall back as in the pinned llama-quantize", () => {
  const fallbacks = pinnedFallbacks();
  expect(fallbacks.length).toBeGreaterThan(12);
  for (const [type, fallback] of fallbacks) expect(stored(type, 96), type).toBe(fallback);
});

test("rows that are not whole blocks of any fallback have no quantized type", () => {
  expect(stored("Q4_K", 100)).toBeUndefined();
  expect(stored("Q8_0", 100)).toBeUndefined();
  expect(stored("Q1_0", 96)).toBeUndefined();
});
