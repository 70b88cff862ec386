import { type FileKeys, type KeyFacts, unless } from "./key-list.js";

/** Keys that become `general.sampling.*`. */
const sampling = [
  ...["temperature", "top_k", "top_p", "min_p", "repetition_penalty", "penalty_repeat", "penalty_last_n"],
  ...["xtc_probability", "xtc_threshold", "mirostat", "mirostat_tau", "mirostat_eta", "sequence"],
];
const choosing = ["temperature", "top_k", "top_p", "min_p"];

const constraint = "llama.cpp does not apply it, so it may generate what transformers excludes";
const forced = "llama.cpp does not force tokens at the beginning or end of an answer";
const search = "llama.cpp samples one token after the other, so answers differ from those of this search";
const sampler = "llama.cpp has no such sampler";

export const generationKeys: FileKeys = {
  file: "generation_config.json",
  read: [...sampling, "eos_token_id"],
  withoutEffect: [
    ...["transformers_version", "_from_model_config", "_commit_hash", "trust_remote_code", "chat_format"],
    // The beginning of a text is a matter of the tokenizer, padding one of batches.
    ...["bos_token_id", "pad_token_id", "decoder_start_token_id"],
    // Limits of a call.
    ...["max_length", "max_new_tokens", "min_length", "min_new_tokens", "max_time", "max_window_size"],
    // How transformers runs the model and returns its results.
    ...["use_cache", "cache_implementation", "cache_config", "max_cache_len", "return_legacy_cache", "use_mtp"],
    ...["return_dict_in_generate", "output_attentions", "output_hidden_states", "output_scores", "output_logits"],
    ...["num_return_sequences", "compile_config", "disable_compile", "continuous_batching_config", "low_memory"],
    ...["prefill_chunk_size", "renormalize_logits", "remove_invalid_values", "early_stopping", "length_penalty"],
    // Speculation, which does not change the answer.
    ...["is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold"],
    ...["prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit", "assistant_lookbehind"],
    ...["target_lookbehind", "assistant_ensemble_weight", "speculation_type"],
  ],
  lost: {
    do_sample: {
      when: `false, beside ${choosing.join(", ")}`,
      effect:
        "transformers chooses the most probable token, while llama.cpp samples with this file's settings unless told otherwise",
      differs: (value, { object }: KeyFacts) => value === false && choosing.some((key) => object[key] !== undefined),
    },
    num_beams: unless([1], search),
    num_beam_groups: unless([1], search),
    penalty_alpha: unless([0], search),
    dola_layers: unless([], search),
    diversity_penalty: unless([0], search),
    guidance_scale: unless([1], search),
    typical_p: unless([1], "the converter does not write it, so llama.cpp samples from more tokens"),
    top_h: unless([], sampler),
    epsilon_cutoff: unless([0], sampler),
    eta_cutoff: unless([0], sampler),
    encoder_repetition_penalty: unless([1], sampler),
    no_repeat_ngram_size: unless([0], constraint),
    encoder_no_repeat_ngram_size: unless([0], constraint),
    bad_words_ids: unless([[]], constraint),
    suppress_tokens: unless([[]], constraint),
    begin_suppress_tokens: unless([[]], constraint),
    sequence_bias: unless([[]], constraint),
    constraints: unless([[]], constraint),
    force_words_ids: unless([[]], constraint),
    exponential_decay_length_penalty: unless([], constraint),
    forced_bos_token_id: unless([], forced),
    forced_eos_token_id: unless([], forced),
    stop_strings: unless([[]], "llama.cpp does not stop at these texts unless they are passed with a request"),
    token_healing: unless([false], "llama.cpp does not rewrite the end of a prompt"),
    watermarking_config: unless([], "llama.cpp does not mark texts"),
  },
};
