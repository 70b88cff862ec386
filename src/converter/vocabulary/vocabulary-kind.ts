/**
 * How a family's vocabulary is read, after the set_vocab of upstream's model class:
 *
 * - `bpe`: `tokenizer.json` with a byte-level BPE (TextModel: Qwen3-MoE).
 * - `qwen`: `tokenizer.model` if present, else as `bpe` (Qwen2Model: Qwen2, Qwen3).
 * - `llama`: `tokenizer.model`, else `tokenizer.json` of Llama 2's kind, else as `bpe`; with extra keys for CodeLlama and
 * Granite (LlamaModel: Llama, Mistral, Mixtral, SmolLM).
 * - `gemma2`: `tokenizer.model`, and no space before the text (Gemma2Model).
 * - `gemma3`: as `gemma2` if `tokenizer.model` is present, else as `bpe` (Gemma3Model).
 * - `phi3`: `tokenizer.model` and the added tokens of `tokenizer.json`; as `bpe` for GPT2Tokenizer (Phi3MiniModel).
 */
export type VocabularyKind = "bpe" | "qwen" | "llama" | "gemma2" | "gemma3" | "phi3";
