import { expect, test } from "vitest";
import { endTexts } from "../../src/llamacpp/end-of-generation.js";
import { clonePinnedSource } from "../fixtures/pinned-source.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("the texts are those of llama.cpp's source", () => {
  const source = clonePinnedSource(temporaryFolder())("src/llama-vocab.cpp");
  const block =
    /maintain a list of tokens that cause end-of-generation([\s\S]*?)special_eog_ids\.insert\(t\.second\)/.exec(
      source,
    )?.[1];
  const texts = [...(block ?? "").matchAll(/t\.first == "([^"]+)"/g)].map(([, text]) => text);
  expect(texts.length).toBeGreaterThan(10);
  expect([...endTexts].sort()).toEqual(texts.sort());
});
