/**
 * How a family's vocabulary is read, named for what the set_vocab of upstream's model class does:
 *
 * - `bpe`: `tokenizer.json` with a byte-level BPE (TextModel: Qwen3-MoE).
 * - `qwen`: `tokenizer.model` where there is one, else as `bpe` (Qwen2Model: Qwen2, Qwen3).
 * - `llama`: `tokenizer.model`, else `tokenizer.json` of Llama 2's kind, else as `bpe`; with what CodeLlama and Granite
 *   add (LlamaModel: Llama, Mistral, Mixtral, SmolLM).
 * - `gemma2`: `tokenizer.model`, and no space before the text (Gemma2Model).
 * - `gemma3`: as `gemma2` where there is a `tokenizer.model`, else as `bpe` (Gemma3Model).
 * - `phi3`: `tokenizer.model` and the added tokens of `tokenizer.json`; as `bpe` for GPT2Tokenizer (Phi3MiniModel).
 */
export type VocabularyKind = "bpe" | "qwen" | "llama" | "gemma2" | "gemma3" | "phi3";
