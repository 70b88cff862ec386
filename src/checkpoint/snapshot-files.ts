const exactNames = new Set([
  "config.json",
  "generation_config.json",
  // ModelOpt's, which the converter reads with config.json.
  "hf_quant_config.json",
  "model.safetensors.index.json",
  "vocab.json",
  "merges.txt",
  "special_tokens_map.json",
  "added_tokens.json",
  "processor_config.json",
  "preprocessor_config.json",
  "README.md",
]);

const patterns = [
  /^tokenizer[\w.-]*\.(json|jsonl|model|txt)$/,
  /^chat_template[\w.-]*\.(jinja|json)$/,
  /^[\w.-]+\.model$/,
  /^licen[cs]e([\w-]*|[\w.-]*\.(md|txt))$/i,
];

/** Copies of the weights in Mistral's own layout, and LoRA adapters. */
const otherWeights = /^(consolidated|adapter)/;

/**
 * Returns true for the files of a checkpoint that quantsmith downloads and passes to its tools: safetensors,
 * configuration, tokenizer, chat template, licence and model card. Everything else is skipped, above all Python code
 * and pickle files, which can run code when a tool opens them. `name` is relative to the repository; files in
 * subfolders never belong to a snapshot.
 */
export function isSnapshotFile(name: string): boolean {
  if (/^[\w.-]+\.safetensors$/.test(name)) return !otherWeights.test(name);
  return exactNames.has(name) || patterns.some((pattern) => pattern.test(name));
}
