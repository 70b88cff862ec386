/**
 * Every permanent warning code with one line of documentation. `onCard`: people who download the release need to know,
 * so the model card and report.html repeat it. Codes are never renamed or reused.
 */
export const warningCodes = {
  // files (src/cli)
  "QW-GGUF-TRUNCATED": {
    onCard: false,
    about: "`fit` or `recommend` read a model file that is incomplete, such as a partial download.",
  },
  // settings (src/plan)
  "QW-SETTING-UNUSED": {
    onCard: false,
    about: "A setting of the recipe has no effect on this model.",
  },
  // sources (src/plan)
  "QW-SOURCE-MOVED": {
    onCard: true,
    about:
      "The Hub leads from the repository of the source, or of a data set, to another one, as after a rename or a transfer.",
  },
  // smoke tests (src/plan)
  "QW-SMOKE-DEVICE": {
    onCard: false,
    about: "Smoke tests do not follow a setting of `compute`, since node-llama-cpp has none for it.",
  },
  // private texts (src/plan, src/stages/publish)
  "QW-TEXT-PRIVATE": {
    onCard: false,
    about: "The release for a public repository contains the names of private data sets and of their files.",
  },
  // tokenizer (src/stages)
  "QW-TOKENIZER-EOS": {
    onCard: false,
    about: "`add_eos_token` is true, which llama.cpp's measurements do not support; they override it.",
  },
  // quantization (src/stages/quantize)
  "QW-QUANTIZE-RULE": {
    onCard: true,
    about: "Tensors got another type than the recipe's rule requires, since their rows do not divide into its blocks.",
  },
  "QW-QUANTIZE-FALLBACK": {
    onCard: true,
    about:
      "Tensors got a larger type than the preset uses, or choose from others in a dynamic variant, since their rows do not divide into blocks.",
  },
  "QW-QUANTIZE-MTP": {
    onCard: true,
    about:
      "Layers for multi-token prediction have a larger type than others, since nothing can be measured about them.",
  },
  "QW-LABEL-SIZE": {
    onCard: true,
    about: "A dynamic variant is named after a preset, but more than 10 % larger or smaller than that preset.",
  },
  // keys and weights of a checkpoint (src/checkpoint/keys, src/stages/convert)
  "QW-KEYS-LOST": {
    onCard: true,
    about: "A key of the checkpoint has an effect with transformers that the GGUF file or llama.cpp lacks.",
  },
  "QW-KEYS-UNKNOWN": {
    onCard: false,
    about: "A file of the checkpoint contains keys that the conversion ignores and whose effect is unknown.",
  },
  "QW-ADAPTER-LOST": {
    onCard: true,
    about: "The checkpoint has an adapter beside its weights, which transformers applies with PEFT; the files lack it.",
  },
  "QW-METADATA-PRIVATE": {
    onCard: false,
    about:
      "The model card or the metadata of the source contains a path of a machine (also a relative one in place of a repository), an address without a public host, a password or a token, which the release leaves out.",
  },
  "QW-WEIGHTS-TIED": {
    onCard: true,
    about:
      "`tie_word_embeddings` is true, but the checkpoint has an output matrix of its own, which the file contains; or it is false, but the checkpoint has none.",
  },
  "QW-WEIGHTS-BIAS": {
    onCard: true,
    about: "The checkpoint has biases that transformers ignores and the converted file contains.",
  },
  "QW-WEIGHTS-PLAIN": {
    onCard: false,
    about: "config.json declares quantized weights, but they are plain floats, which are converted as they are.",
  },
  "QW-VARIANT-POINTLESS": {
    onCard: false,
    about: "A variant has the tensor types of another, or is not smaller than one whose preset has more bits.",
  },
  // names of a release (src/stages/package)
  "QW-DEFAULT-WORSE": {
    onCard: false,
    about: "Runtimes without a tag take a variant although another one that is not larger is closer to the base.",
  },
  // smoke test (src/stages/smoke)
  "QW-SMOKE-BASE": {
    onCard: false,
    about: "The base itself does not meet expectations of the smoke test; they do not gate variants.",
  },
  "QW-SMOKE-TOOLS": {
    onCard: false,
    about: "A smoke prompt requires the call of a tool, and the model's chat template does not show tools.",
  },
  // tasks (src/stages/tasks)
  "QW-TASK-QUESTIONS": {
    onCard: false,
    about: "llama-perplexity cannot score some questions of a task, which are left out.",
  },
  // tokenizer and chat templates of a checkpoint (src/stages/convert)
  "QW-TOKENS-MISSING": {
    onCard: true,
    about:
      "The tokenizer has tokens that the converted file lacks: tokenizer.model defines its vocabulary, or the model has no rows for them.",
  },
  "QW-TOKENS-DIFFER": {
    onCard: true,
    about:
      "Texts become other tokens with the converted file than with transformers: its vocabulary has other ids or types, or no scores.",
  },
  "QW-TOKENS-END": {
    onCard: true,
    about: "The model's configuration ends an answer at a token at which llama.cpp does not.",
  },
  "QW-TEMPLATE-DIFFERS": {
    onCard: false,
    about: "chat_template.jinja and tokenizer_config.json contain different chat templates.",
  },
  "QW-TEMPLATE-NO-DEFAULT": {
    onCard: true,
    about: "The model has named chat templates, none of which is the default.",
  },
  "QW-TEMPLATE-UNREAD": {
    onCard: false,
    about: "The model has further chat templates that llama.cpp's converter does not read.",
  },
  "QW-TEMPLATE-ENGINES": {
    onCard: false,
    about: "llama.cpp renders the model's chat template to another text than @huggingface/jinja.",
  },
  "QW-POOLING-LOST": {
    onCard: true,
    about: "The model pools token vectors, and the converted file does not say how.",
  },
  "QW-DENSE-LOST": {
    onCard: true,
    about: "The model applies dense layers after its pooling, which the converted file lacks.",
  },
} as const satisfies Record<string, { onCard: boolean; about: string }>;

export type WarningCode = keyof typeof warningCodes;
