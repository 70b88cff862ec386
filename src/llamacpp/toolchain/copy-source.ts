import { cp, mkdir, readdir } from "node:fs/promises";
import path from "node:path";

/** The converter's part of llama.cpp's source, with the licence. */
const kept = [
  "convert_hf_to_gguf.py",
  "convert_lora_to_gguf.py",
  "conversion",
  "gguf-py",
  "requirements",
  "LICENSE",
  path.join("models", "templates"),
];

/** Copies the converter's part of a llama.cpp checkout, one sixth of it. */
export async function copySource(checkout: string, target: string): Promise<void> {
  await mkdir(path.join(target, "models"), { recursive: true });
  const vocabularies = (await readdir(path.join(checkout, "models")))
    .filter((name) => /^ggml-vocab.*\.gguf/.test(name))
    .map((name) => path.join("models", name));
  for (const name of [...kept, ...vocabularies]) {
    await cp(path.join(checkout, name), path.join(target, name), { recursive: true });
  }
}
