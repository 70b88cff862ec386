import { expect, test } from "vitest";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { renewedMetadata } from "../../../src/stages/quantize/renew-header.js";

const metadata = (entries: Record<string, string>) =>
  new Map(Object.entries(entries).map(([key, value]): [string, GgufValue] => [key, { type: "string", value }]));

const textOf = (entry: GgufValue) => (entry.type === "string" ? entry.value : entry.type);

test("a released variant gets the descriptions of the base in its order, and keeps all other keys", () => {
  const base = metadata({
    "general.architecture": "newer",
    "general.file_type": "BF16",
    "general.license": "mit",
    "llama.rope": "newer",
    "llama.unknown": "newer",
    "general.quantization_version": "newer",
    "tokenizer.ggml.model": "newer",
    "tokenizer.ggml.eot_token_id": "3",
    "tokenizer.chat_template": "new",
  });
  const released = metadata({
    "general.architecture": "llama",
    "general.license": "apache-2.0",
    "general.license.link": "removed",
    "llama.rope": "1",
    "llama.older": "1",
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.chat_template": "old",
    "tokenizer.chat_template.tool_use": "removed",
    "general.quantization_version": "2",
    "general.file_type": "Q4_K_M",
    "quantize.imatrix.file": "imatrix.gguf",
    "split.count": "2",
  });
  const renewed = renewedMetadata(base, released);
  expect([...renewed].map(([key, entry]) => `${key}=${textOf(entry)}`)).toEqual([
    "general.architecture=llama",
    "general.license=mit",
    "llama.rope=1",
    "tokenizer.ggml.model=gpt2",
    "tokenizer.ggml.eot_token_id=3",
    "tokenizer.chat_template=new",
    "llama.older=1",
    "general.quantization_version=2",
    "general.file_type=Q4_K_M",
    "quantize.imatrix.file=imatrix.gguf",
  ]);
});
