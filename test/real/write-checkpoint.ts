import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isFile } from "../../src/converter/vocabulary/tokenizer-files.js";
import type { Gguf } from "../../src/gguf/gguf.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { byteLevelFamilies } from "../fixtures/tokenizer/byte-level-families.js";
import { type StoredVocabulary, storedVocabulary, tokenTypes } from "../fixtures/tokenizer/pinned-vocabulary.js";
import { writeByteLevel } from "../fixtures/tokenizer/rebuild-byte-level.js";
import { gemmaConfig, writeSentencePiece } from "../fixtures/tokenizer/rebuild-sentencepiece.js";
import type { RealModel } from "./models.js";
import { writeWeights } from "./write-weights.js";

/** Writes a model's checkpoint in BF16 to `folder`, from its GGUF file, unless it is there. */
export async function writeCheckpoint(folder: string, model: RealModel, path: string): Promise<void> {
  if (await isFile(folder, "model.safetensors")) return;
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const gguf = await readGguf(path);
  const texts = {
    "config.json": JSON.stringify(model.config, null, 2),
    "generation_config.json": JSON.stringify(model.generation, null, 2),
    "README.md": `---\n${model.card}---\n`,
  };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(partial, name), text);
  await writeTokenizer(partial, gguf);
  await writeWeights(gguf, partial);
  await rename(partial, folder);
}

async function writeTokenizer(folder: string, gguf: Gguf): Promise<void> {
  const vocabulary = storedVocabulary(gguf);
  if (vocabulary.merges.length > 0) await writeByteLevel(folder, smollm(vocabulary), vocabulary);
  else await writeSentencePiece(folder, gemma(vocabulary), { model: true, json: true });
}

/** SmolLM2's tokenizer.json has StarCoder's pre-tokenizer. */
function smollm({ tokens, bos = 0, eos = 0, unknown = 0 }: StoredVocabulary) {
  const tokenizerConfig = {
    tokenizer_class: "GPT2Tokenizer",
    add_prefix_space: false,
    additional_special_tokens: [tokens[bos], tokens[eos]],
    ...{ bos_token: tokens[bos], eos_token: tokens[eos], unk_token: tokens[unknown], pad_token: tokens[eos] },
    clean_up_tokenization_spaces: false,
    model_max_length: 8192,
    vocab_size: tokens.length,
  };
  return { ...byteLevelFamilies.starcoder, tokenizerConfig };
}

/** Gemma's tokenizer files as published, with a token of the multimodal models above the embedding's last row. */
function gemma({ tokens, types, scores }: StoredVocabulary) {
  const control = new Set(["<pad>", "<eos>", "<bos>"]);
  const pieces = tokens.map((text, id) => {
    const score = scores[id] ?? 0;
    if (text === "<unk>") return { text, score: 0, type: tokenTypes.unknown };
    if (types[id] === tokenTypes.control)
      return { text, score: 0, type: tokenTypes[control.has(text) ? "control" : "userDefined"] };
    return { text, score, type: types[id] ?? tokenTypes.normal };
  });
  const added = tokens.flatMap((content, id) => {
    const special = types[id] === tokenTypes.control;
    return special || types[id] === tokenTypes.userDefined ? [{ id, content, special }] : [];
  });
  added.push({ id: tokens.length, content: "<image_soft_token>", special: true });
  return { pieces, added, config: gemmaConfig, dummyPrefix: false };
}
