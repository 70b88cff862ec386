import { expect, test } from "vitest";
import { isSnapshotFile } from "../../src/checkpoint/snapshot-files.js";

test.each([
  "config.json",
  "generation_config.json",
  "model.safetensors",
  "model-00001-of-00002.safetensors",
  "model.safetensors.index.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "tokenizer.model",
  "spiece.model",
  "vocab.json",
  "merges.txt",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
  "chat_template.json",
  "processor_config.json",
  "preprocessor_config.json",
  "LICENSE",
  "LICENSE.md",
  "LICENSE.txt",
  "LICENCE-2.0.txt",
  "license.txt",
  "README.md",
])("%s belongs to a snapshot", (name) => {
  expect(isSnapshotFile(name)).toBe(true);
});

test.each([
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "training_args.bin",
  "model.pt",
  "modeling_custom.py",
  "tokenizer.py",
  "tokenization_custom.py",
  "chat_template.py",
  "LICENSE.py",
  "tokenizer.bin",
  "consolidated.safetensors",
  "adapter_model.safetensors",
  "onnx/model.safetensors",
  "../model.safetensors",
  "/etc/config.json",
  "tokenizer/../config.json",
  "tokenizer.json\n",
  "model.safetensors\0",
  "model.gguf",
  "",
])("%j is skipped", (name) => {
  expect(isSnapshotFile(name)).toBe(false);
});
