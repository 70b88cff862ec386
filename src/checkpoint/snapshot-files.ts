const exactNames = new Set([
  "config.json",
  "generation_config.json",
  // PEFT's: transformers applies the adapter that it describes. Its weights are not part of a snapshot.
  "adapter_config.json",
  // ModelOpt's, which the converter reads with config.json.
  "hf_quant_config.json",
  "model.safetensors.index.json",
  // Of sentence-transformers: names the folder with the pooling.
  "modules.json",
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

/** Files in subfolders: named chat templates, and the pooling of an embedding model. */
const nested = [/^additional_chat_templates\/[\w-][\w.-]*\.jinja$/, /^\d+_Pooling\/config\.json$/];
/** Their folders. */
const nestedFolders = /^(additional_chat_templates|\d+_Pooling)$/;

/** Copies of the weights in Mistral's own layout, and LoRA adapters. */
const otherWeights = /^(consolidated|adapter)/;

/**
 * Returns true for the files of a checkpoint that quantsmith downloads and passes to its tools: safetensors,
 * configuration, tokenizer, chat template, licence and model card. Everything else is skipped, above all Python code
 * and pickle files, which can run code when a tool opens them. `name` is relative to the repository; of
 * subfolders, only those with chat templates and poolings belong to a snapshot.
 */
export function isSnapshotFile(name: string): boolean {
  if (/^[\w.-]+\.safetensors$/.test(name)) return !otherWeights.test(name);
  return (
    exactNames.has(name) ||
    patterns.some((pattern) => pattern.test(name)) ||
    nested.some((pattern) => pattern.test(name))
  );
}

/** Returns true for a folder that can contain files of a snapshot. */
export function isSnapshotFolder(name: string): boolean {
  return nestedFolders.test(name);
}
