import { expect, test } from "vitest";
import { parsePretokenizers } from "../../../src/llamacpp/toolchain/parse-pretokenizers.js";
import { readPretokenizers } from "../../../src/llamacpp/toolchain/pretokenizers.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { failureOf, thrownBy } from "../../fixtures/failure.js";
import { clonePinnedSource } from "../../fixtures/pinned-source.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

test("the pre-tokenizers stored with the toolchain are those of the pinned source", async () => {
  const source = clonePinnedSource(temporaryFolder());
  const base = source("conversion/base.py");
  const found = await readPretokenizers(await resolveToolchain());
  expect(found).toEqual(parsePretokenizers(base, source("src/llama-vocab.cpp")));
  // Two hashes occur twice; the last name applies, as in the converter.
  const hashes = new Set([...base.matchAll(/if chkhsh == "(\w+)"/g)].map(([, hash]) => hash));
  expect(new Set(Object.keys(found.names))).toEqual(hashes);
  expect(found.names.b6dc8df998e1cfbdc4eac8243701a65afe638679230920b50d6f17d81c098166).toBe("olmo");
  expect(found.checkText).toContain("😶\u200d🌫️ (multiple emojis concatenated)");
  expect(found.checkText.startsWith("\n \n\n \n\n\n \t \t\t")).toBe(true);
  expect(found.patterns["gpt-2"]).toEqual([
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
  ]);
  expect(Object.keys(found.patterns)).toEqual(expect.arrayContaining(["llama-bpe", "qwen2", "smollm", "tekken"]));
});

test("a source of unexpected form is an error", () => {
  expect(thrownBy(() => parsePretokenizers("chktxt = 'a'\n", "")).code).toBe("QS-TOOL-CONVERTER");
});

test("tools without their source are an error", async () => {
  const toolchain = { ...(await resolveToolchain()), scripts: undefined };
  expect((await failureOf(readPretokenizers(toolchain))).code).toBe("QS-TOOL-CONVERTER");
});
