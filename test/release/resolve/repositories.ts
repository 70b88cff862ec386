/** Returns names from a pattern: `named("m-{}.gguf", "Q4_0 Q8_0")`. */
export function named(pattern: string, quants: string): string[] {
  return quants.split(" ").map((quant) => pattern.replaceAll("{}", quant));
}

/** Returns the splits of one model. */
export function shards(prefix: string, count: number): string[] {
  const five = (number: number) => String(number).padStart(5, "0");
  return Array.from({ length: count }, (_, index) => `${prefix}-${five(index + 1)}-of-${five(count)}.gguf`);
}

/** Expected file for a tag, for all runtimes or per resolver; null for no file. */
type Expected = string | null | { llama: string | null; hub: string | null };

export interface Repository {
  /** Publisher or naming scheme, and the special case. */
  title: string;
  files: string[];
  /** Expected file by tag, `""` for no tag. The Hub's manifest resolves for Ollama and node-llama-cpp. */
  picks: Record<string, Expected>;
  /** Tags that Ollama rejects although the manifest resolves them. */
  ollamaRefuses?: string[];
  /** The projector that llama.cpp downloads with the default model. */
  llamaMmproj?: string;
  /** Model to the projector that PocketPal downloads with it. */
  pocketpal?: Record<string, string | null>;
  /** Files that are models to llama.cpp but not listed by PocketPal. */
  pocketpalHides?: string[];
  /** File to label, for special cases. */
  labels?: Record<string, string | undefined>;
  /** Unique problem codes. */
  problems: string[];
}

const kQuants = "Q2_K Q3_K_L Q3_K_M Q3_K_S Q4_0 Q4_K_M Q4_K_S Q5_0 Q5_K_M Q5_K_S Q6_K Q8_0";
const llama32 = "Llama-3.2-3B-Instruct-{}.gguf";
const llama32Quants = "IQ3_M IQ4_XS Q3_K_L Q3_K_XL Q4_0 Q4_K_L Q4_K_M Q4_K_S Q5_K_L Q5_K_M Q5_K_S Q6_K Q6_K_L Q8_0 f16";
const nothing: Record<string, Expected> = {};

export const repositories: Repository[] = [
  {
    title: "bartowski: dashes, an imatrix, and _L names without a label on the Hub",
    files: [".gitattributes", "Llama-3.2-3B-Instruct.imatrix", "README.md", ...named(llama32, llama32Quants)],
    picks: {
      "": "Llama-3.2-3B-Instruct-Q4_K_M.gguf",
      Q4_K_M: "Llama-3.2-3B-Instruct-Q4_K_M.gguf",
      q4_k_m: "Llama-3.2-3B-Instruct-Q4_K_M.gguf",
      IQ3_M: "Llama-3.2-3B-Instruct-IQ3_M.gguf",
      Q4_K_L: "Llama-3.2-3B-Instruct-Q4_K_L.gguf",
      F16: "Llama-3.2-3B-Instruct-f16.gguf",
      Q2_K: null,
      "Llama-3.2-3B-Instruct-IQ3_M.gguf": { llama: null, hub: "Llama-3.2-3B-Instruct-IQ3_M.gguf" },
    },
    labels: {
      "Llama-3.2-3B-Instruct-Q4_K_L.gguf": undefined,
      "Llama-3.2-3B-Instruct-Q5_K_L.gguf": undefined,
      "Llama-3.2-3B-Instruct-Q6_K_L.gguf": "Q6_K_L",
      "Llama-3.2-3B-Instruct-Q3_K_XL.gguf": "Q3_K_XL",
      "Llama-3.2-3B-Instruct-f16.gguf": "F16",
    },
    problems: ["QS-RESOLVE-UNLABELLED"],
  },
  {
    title: "bartowski today: the organization in the name",
    files: ["google_gemma-3-12b-it-imatrix.gguf", ...named("google_gemma-3-12b-it-{}.gguf", "Q4_0 Q4_K_M Q8_0 bf16")],
    picks: {
      "": "google_gemma-3-12b-it-Q4_K_M.gguf",
      BF16: "google_gemma-3-12b-it-bf16.gguf",
      F16: { llama: "google_gemma-3-12b-it-bf16.gguf", hub: null },
    },
    problems: [],
  },
  {
    title: "bartowski, a vision model: projectors in two precisions",
    files: [
      "mmproj-google_gemma-3-4b-it-bf16.gguf",
      "mmproj-google_gemma-3-4b-it-f16.gguf",
      ...named("google_gemma-3-4b-it-{}.gguf", "Q4_K_M Q8_0 bf16"),
    ],
    picks: { "": "google_gemma-3-4b-it-Q4_K_M.gguf", BF16: "google_gemma-3-4b-it-bf16.gguf" },
    llamaMmproj: "mmproj-google_gemma-3-4b-it-bf16.gguf",
    pocketpal: {
      "google_gemma-3-4b-it-Q4_K_M.gguf": "mmproj-google_gemma-3-4b-it-bf16.gguf",
      "google_gemma-3-4b-it-bf16.gguf": "mmproj-google_gemma-3-4b-it-bf16.gguf",
    },
    problems: [],
  },
  {
    title: "bartowski, a large model: splits in folders",
    files: [
      ...shards("Meta-Llama-3.1-405B-Instruct-Q4_K_M/Meta-Llama-3.1-405B-Instruct-Q4_K_M", 7),
      ...shards("Meta-Llama-3.1-405B-Instruct-Q8_0/Meta-Llama-3.1-405B-Instruct-Q8_0", 11),
    ],
    picks: {
      "": "Meta-Llama-3.1-405B-Instruct-Q4_K_M/Meta-Llama-3.1-405B-Instruct-Q4_K_M-00001-of-00007.gguf",
      Q8_0: "Meta-Llama-3.1-405B-Instruct-Q8_0/Meta-Llama-3.1-405B-Instruct-Q8_0-00001-of-00011.gguf",
    },
    ollamaRefuses: ["", "Q8_0"],
    pocketpalHides: [
      "Meta-Llama-3.1-405B-Instruct-Q4_K_M/Meta-Llama-3.1-405B-Instruct-Q4_K_M-00001-of-00007.gguf",
      "Meta-Llama-3.1-405B-Instruct-Q8_0/Meta-Llama-3.1-405B-Instruct-Q8_0-00001-of-00011.gguf",
    ],
    problems: ["QS-RESOLVE-SHARDS"],
  },
  {
    title: "TheBloke: dots and lower-case model names",
    files: ["config.json", ...named("llama-2-7b-chat.{}.gguf", kQuants)],
    picks: {
      "": "llama-2-7b-chat.Q4_K_M.gguf",
      Q2_K: "llama-2-7b-chat.Q2_K.gguf",
      q5_k_s: "llama-2-7b-chat.Q5_K_S.gguf",
    },
    problems: [],
  },
  {
    title: "TheBloke: a mixture of experts with a version in the name",
    files: named("mixtral-8x7b-instruct-v0.1.{}.gguf", "Q2_K Q3_K_M Q4_0 Q4_K_M Q5_0 Q5_K_M Q6_K Q8_0"),
    picks: { "": "mixtral-8x7b-instruct-v0.1.Q4_K_M.gguf", Q4_0: "mixtral-8x7b-instruct-v0.1.Q4_0.gguf" },
    problems: [],
  },
  {
    title: "TheBloke: raw parts of a cut file, which no runtime merges",
    files: [
      "falcon-180b-chat.Q4_K_M.gguf-split-a",
      "falcon-180b-chat.Q4_K_M.gguf-split-b",
      "falcon-180b-chat.Q2_K.gguf",
    ],
    picks: { "": "falcon-180b-chat.Q2_K.gguf", Q4_K_M: null },
    problems: [],
  },
  {
    title: "mradermacher: static quants after a dot",
    files: named("Meta-Llama-3.1-8B-Instruct.{}.gguf", "IQ4_XS Q2_K Q3_K_L Q3_K_M Q3_K_S Q4_K_M Q4_K_S Q6_K Q8_0 f16"),
    picks: {
      "": "Meta-Llama-3.1-8B-Instruct.Q4_K_M.gguf",
      IQ4_XS: "Meta-Llama-3.1-8B-Instruct.IQ4_XS.gguf",
      F16: "Meta-Llama-3.1-8B-Instruct.f16.gguf",
    },
    problems: [],
  },
  {
    title: "mradermacher: i1 quants after a dot and a dash",
    files: [
      "Qwen3-8B.imatrix.gguf",
      ...named("Qwen3-8B.i1-{}.gguf", "IQ1_M IQ1_S IQ2_M Q2_K Q2_K_S Q4_0 Q4_1 Q4_K_M Q4_K_S Q6_K"),
    ],
    picks: {
      "": "Qwen3-8B.i1-Q4_K_M.gguf",
      Q4_K_M: "Qwen3-8B.i1-Q4_K_M.gguf",
      "i1-Q4_K_M": "Qwen3-8B.i1-Q4_K_M.gguf",
      IQ1_S: "Qwen3-8B.i1-IQ1_S.gguf",
      Q8_0: null,
    },
    problems: [],
  },
  {
    title: "mradermacher: raw parts instead of splits",
    files: ["Big-Model.i1-Q4_K_M.gguf.part1of2", "Big-Model.i1-Q4_K_M.gguf.part2of2", "Big-Model.i1-Q2_K.gguf"],
    picks: { "": "Big-Model.i1-Q2_K.gguf", Q4_K_M: null, Q2_K: "Big-Model.i1-Q2_K.gguf" },
    problems: [],
  },
  {
    title: "unsloth: dynamic quants with UD-",
    files: [
      ...named("Qwen3-4B-Instruct-2507-{}.gguf", "F16 IQ4_NL Q2_K Q2_K_L Q4_0 Q4_K_M Q8_0"),
      ...named("Qwen3-4B-Instruct-2507-UD-{}.gguf", "IQ1_M IQ2_XXS Q2_K_XL Q4_K_XL Q8_K_XL"),
      "config.json",
      "template",
      "params",
    ],
    picks: {
      "": "Qwen3-4B-Instruct-2507-Q4_K_M.gguf",
      "UD-Q4_K_XL": "Qwen3-4B-Instruct-2507-UD-Q4_K_XL.gguf",
      Q4_K_XL: "Qwen3-4B-Instruct-2507-UD-Q4_K_XL.gguf",
      Q2_K: "Qwen3-4B-Instruct-2507-Q2_K.gguf",
      Q2_K_L: "Qwen3-4B-Instruct-2507-Q2_K_L.gguf",
    },
    labels: {
      "Qwen3-4B-Instruct-2507-UD-Q4_K_XL.gguf": "UD-Q4_K_XL",
      "Qwen3-4B-Instruct-2507-UD-IQ2_XXS.gguf": "UD-IQ2_XXS",
      "Qwen3-4B-Instruct-2507-Q2_K_L.gguf": "Q2_K_L",
    },
    problems: [],
  },
  {
    title: "unsloth: :F16 resolves to BF16, which is listed first",
    files: named("Qwen3-0.6B-{}.gguf", "BF16 F16 Q4_K_M Q8_0"),
    picks: {
      BF16: "Qwen3-0.6B-BF16.gguf",
      F16: { llama: "Qwen3-0.6B-BF16.gguf", hub: "Qwen3-0.6B-F16.gguf" },
    },
    problems: ["QS-RESOLVE-TAG"],
  },
  {
    title: "unsloth: splits in a folder per quant, and single files",
    files: [
      ...shards("BF16/Qwen3-32B-BF16", 2),
      ...named("Qwen3-32B-{}.gguf", "Q2_K Q4_K_M Q8_0"),
      "Qwen3-32B-UD-Q4_K_XL.gguf",
    ],
    picks: {
      "": "Qwen3-32B-Q4_K_M.gguf",
      BF16: "BF16/Qwen3-32B-BF16-00001-of-00002.gguf",
      "UD-Q4_K_XL": "Qwen3-32B-UD-Q4_K_XL.gguf",
    },
    ollamaRefuses: ["BF16"],
    pocketpalHides: ["BF16/Qwen3-32B-BF16-00001-of-00002.gguf"],
    problems: ["QS-RESOLVE-SHARDS"],
  },
  {
    title: "unsloth: DeepSeek, all variants as splits in folders",
    files: [
      ...shards("DeepSeek-R1-Q4_K_M/DeepSeek-R1-Q4_K_M", 9),
      ...shards("DeepSeek-R1-UD-IQ1_S/DeepSeek-R1-UD-IQ1_S", 3),
      ...shards("DeepSeek-R1.BF16/DeepSeek-R1.BF16", 30),
    ],
    picks: {
      "": "DeepSeek-R1-Q4_K_M/DeepSeek-R1-Q4_K_M-00001-of-00009.gguf",
      "UD-IQ1_S": "DeepSeek-R1-UD-IQ1_S/DeepSeek-R1-UD-IQ1_S-00001-of-00003.gguf",
      BF16: "DeepSeek-R1.BF16/DeepSeek-R1.BF16-00001-of-00030.gguf",
    },
    ollamaRefuses: ["", "UD-IQ1_S", "BF16"],
    pocketpalHides: [
      "DeepSeek-R1-Q4_K_M/DeepSeek-R1-Q4_K_M-00001-of-00009.gguf",
      "DeepSeek-R1-UD-IQ1_S/DeepSeek-R1-UD-IQ1_S-00001-of-00003.gguf",
      "DeepSeek-R1.BF16/DeepSeek-R1.BF16-00001-of-00030.gguf",
    ],
    problems: ["QS-RESOLVE-SHARDS"],
  },
  {
    title: "unsloth, a vision model: mmproj-F16.gguf and two other projectors",
    files: [
      "mmproj-BF16.gguf",
      "mmproj-F16.gguf",
      "mmproj-F32.gguf",
      ...named("Qwen2.5-VL-7B-Instruct-{}.gguf", "Q4_K_M Q8_0"),
    ],
    picks: { "": "Qwen2.5-VL-7B-Instruct-Q4_K_M.gguf", F16: null },
    llamaMmproj: "mmproj-BF16.gguf",
    pocketpal: { "Qwen2.5-VL-7B-Instruct-Q8_0.gguf": "mmproj-BF16.gguf" },
    problems: [],
  },
  {
    title: "Qwen: lower case throughout",
    files: named("qwen2.5-0.5b-instruct-{}.gguf", "fp16 q2_k q3_k_m q4_0 q4_k_m q5_0 q5_k_m q6_k q8_0"),
    picks: {
      "": "qwen2.5-0.5b-instruct-q4_k_m.gguf",
      Q4_K_M: "qwen2.5-0.5b-instruct-q4_k_m.gguf",
      Q8_0: "qwen2.5-0.5b-instruct-q8_0.gguf",
      F16: null,
      FP16: "qwen2.5-0.5b-instruct-fp16.gguf",
    },
    labels: { "qwen2.5-0.5b-instruct-q4_k_m.gguf": "Q4_K_M", "qwen2.5-0.5b-instruct-fp16.gguf": undefined },
    problems: ["QS-RESOLVE-UNLABELLED"],
  },
  {
    title: "Qwen: two split quants and a single file",
    files: [
      ...shards("qwen2.5-7b-instruct-q4_k_m", 2),
      ...shards("qwen2.5-7b-instruct-q8_0", 3),
      "qwen2.5-7b-instruct-q2_k.gguf",
    ],
    picks: {
      "": "qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf",
      Q8_0: "qwen2.5-7b-instruct-q8_0-00001-of-00003.gguf",
      Q2_K: "qwen2.5-7b-instruct-q2_k.gguf",
    },
    ollamaRefuses: ["", "Q8_0"],
    pocketpalHides: ["qwen2.5-7b-instruct-q4_k_m-00001-of-00002.gguf", "qwen2.5-7b-instruct-q8_0-00001-of-00003.gguf"],
    problems: ["QS-RESOLVE-SHARDS"],
  },
  {
    title: "Qwen3: one file",
    files: ["Qwen3-0.6B-Q8_0.gguf", "LICENSE", "README.md", "params"],
    picks: { "": "Qwen3-0.6B-Q8_0.gguf", Q8_0: "Qwen3-0.6B-Q8_0.gguf", Q4_K_M: null },
    problems: [],
  },
  {
    title: "ggml-org: no Q4_K_M, so Q8_0 is the default of llama.cpp",
    files: named("gemma-3-1b-it-{}.gguf", "Q4_0 Q8_0 f16"),
    picks: { "": { llama: "gemma-3-1b-it-Q8_0.gguf", hub: null }, Q4_0: "gemma-3-1b-it-Q4_0.gguf" },
    problems: [],
  },
  {
    title: "ggml-org, a vision model: the projector is chosen by bits",
    files: [
      "SmolVLM-500M-Instruct-Q8_0.gguf",
      "SmolVLM-500M-Instruct-f16.gguf",
      "mmproj-SmolVLM-500M-Instruct-Q8_0.gguf",
      "mmproj-SmolVLM-500M-Instruct-f16.gguf",
    ],
    picks: {
      "": { llama: "SmolVLM-500M-Instruct-Q8_0.gguf", hub: null },
      f16: "SmolVLM-500M-Instruct-f16.gguf",
    },
    llamaMmproj: "mmproj-SmolVLM-500M-Instruct-Q8_0.gguf",
    pocketpal: {
      "SmolVLM-500M-Instruct-Q8_0.gguf": "mmproj-SmolVLM-500M-Instruct-Q8_0.gguf",
      "SmolVLM-500M-Instruct-f16.gguf": "mmproj-SmolVLM-500M-Instruct-f16.gguf",
    },
    problems: [],
  },
  {
    title: "ggml-org, gpt-oss: MXFP4 is a label only in file names",
    files: shards("gpt-oss-120b-mxfp4", 3),
    picks: {
      "": "gpt-oss-120b-mxfp4-00001-of-00003.gguf",
      MXFP4: "gpt-oss-120b-mxfp4-00001-of-00003.gguf",
      Q4_K_M: null,
    },
    ollamaRefuses: ["", "MXFP4"],
    pocketpalHides: ["gpt-oss-120b-mxfp4-00001-of-00003.gguf"],
    labels: { "gpt-oss-120b-mxfp4-00001-of-00003.gguf": "MXFP4" },
    problems: ["QS-RESOLVE-SHARDS"],
  },
  {
    title: "ggml-org presets: preset.ini hides the weights",
    files: ["preset.ini", ...named("Qwen3-4B-{}.gguf", "Q4_K_M Q8_0")],
    picks: {
      "": { llama: null, hub: "Qwen3-4B-Q4_K_M.gguf" },
      Q8_0: { llama: null, hub: "Qwen3-4B-Q8_0.gguf" },
    },
    problems: ["QS-RESOLVE-PRESET"],
  },
  {
    title: "preset.ini in a subfolder has no effect",
    files: ["presets/preset.ini", "Qwen3-4B-Q4_K_M.gguf"],
    picks: { "": "Qwen3-4B-Q4_K_M.gguf" },
    problems: [],
  },
  {
    title: "LM Studio community: few quants, a projector",
    files: ["mmproj-model-f16.gguf", ...named("gemma-3-12b-it-{}.gguf", "Q3_K_L Q4_K_M Q6_K Q8_0")],
    picks: { "": "gemma-3-12b-it-Q4_K_M.gguf", Q6_K: "gemma-3-12b-it-Q6_K.gguf" },
    llamaMmproj: "mmproj-model-f16.gguf",
    pocketpal: { "gemma-3-12b-it-Q6_K.gguf": "mmproj-model-f16.gguf" },
    problems: [],
  },
  {
    title: "LM Studio community: splits and single files",
    files: [...shards("Qwen3-235B-A22B-Q4_K_M", 4), "Qwen3-235B-A22B-Q2_K.gguf"],
    picks: { "": "Qwen3-235B-A22B-Q4_K_M-00001-of-00004.gguf", Q2_K: "Qwen3-235B-A22B-Q2_K.gguf" },
    ollamaRefuses: [""],
    pocketpalHides: ["Qwen3-235B-A22B-Q4_K_M-00001-of-00004.gguf"],
    problems: ["QS-RESOLVE-SHARDS"],
  },
  {
    title: "Google: the precision in the middle of the name",
    files: ["gemma-3-4b-it-q4_0.gguf", "mmproj-model-f16-4B.gguf"],
    picks: { "": "gemma-3-4b-it-q4_0.gguf", Q4_0: "gemma-3-4b-it-q4_0.gguf" },
    llamaMmproj: "mmproj-model-f16-4B.gguf",
    pocketpal: { "gemma-3-4b-it-q4_0.gguf": "mmproj-model-f16-4B.gguf" },
    problems: [],
  },
  {
    title: "Microsoft: one quant between dashes",
    files: ["Phi-3-mini-4k-instruct-fp16.gguf", "Phi-3-mini-4k-instruct-q4.gguf", "Modelfile_q4"],
    picks: {
      "": { llama: "Phi-3-mini-4k-instruct-fp16.gguf", hub: null },
      q4: "Phi-3-mini-4k-instruct-q4.gguf",
    },
    labels: { "Phi-3-mini-4k-instruct-q4.gguf": undefined },
    problems: ["QS-RESOLVE-UNLABELLED", "QS-RESOLVE-DEFAULT"],
  },
  {
    title: "Microsoft BitNet: i2_s is not a label",
    files: ["ggml-model-i2_s.gguf", "data_summary_card.md"],
    picks: { "": "ggml-model-i2_s.gguf", I2_S: "ggml-model-i2_s.gguf" },
    problems: ["QS-RESOLVE-UNLABELLED"],
  },
  {
    title: "gguf-my-repo: lower case, an imatrix named after the tool",
    files: ["imatrix.dat", "mistral-7b-v0.3-q4_k_m-imat.gguf"],
    picks: {
      "": "mistral-7b-v0.3-q4_k_m-imat.gguf",
      Q4_K_M: { llama: "mistral-7b-v0.3-q4_k_m-imat.gguf", hub: null },
      "Q4_K_M-imat": "mistral-7b-v0.3-q4_k_m-imat.gguf",
    },
    labels: { "mistral-7b-v0.3-q4_k_m-imat.gguf": "Q4_K_M" },
    problems: ["QS-RESOLVE-TAG"],
  },
  {
    title: "DavidAU: text after the quant, so the tag does not resolve on the Hub",
    files: named("Mistral-Small-3.1-24B-MAX-NEO-D_AU-{}-imat.gguf", "IQ3_S IQ4_XS Q4_K_M Q6_K Q8_0"),
    picks: {
      "": { llama: "Mistral-Small-3.1-24B-MAX-NEO-D_AU-Q4_K_M-imat.gguf", hub: null },
      IQ3_S: { llama: "Mistral-Small-3.1-24B-MAX-NEO-D_AU-IQ3_S-imat.gguf", hub: null },
      "IQ3_S-imat": "Mistral-Small-3.1-24B-MAX-NEO-D_AU-IQ3_S-imat.gguf",
    },
    problems: ["QS-RESOLVE-TAG"],
  },
  {
    title: "second-state: a project in lower case with many old quants",
    files: [...named("tinyllama-1.1b-chat-v1.0-{}.gguf", "Q2_K Q3_K_L Q4_0 Q4_K_M Q5_0 Q8_0"), "config.json"],
    picks: { "": "tinyllama-1.1b-chat-v1.0-Q4_K_M.gguf", Q5_0: "tinyllama-1.1b-chat-v1.0-Q5_0.gguf" },
    problems: [],
  },
  {
    title: "NousResearch: dots, and a model name with dots and a version",
    files: named("Hermes-2-Pro-Mistral-7B.{}.gguf", "Q2_K Q4_K_M Q5_K_M Q8_0 fp16"),
    picks: { "": "Hermes-2-Pro-Mistral-7B.Q4_K_M.gguf", Q5_K_M: "Hermes-2-Pro-Mistral-7B.Q5_K_M.gguf" },
    problems: ["QS-RESOLVE-UNLABELLED"],
  },
  {
    title: "nomic: an embedding model, f16 and f32 in lower case",
    files: named("nomic-embed-text-v1.5.{}.gguf", "Q2_K Q4_0 Q4_K_M Q8_0 f16 f32"),
    picks: {
      "": "nomic-embed-text-v1.5.Q4_K_M.gguf",
      F32: "nomic-embed-text-v1.5.f32.gguf",
      F16: "nomic-embed-text-v1.5.f16.gguf",
    },
    problems: [],
  },
  {
    title: "ternary models: :Q1_0 resolves to TQ1_0, listed later, only without Q1_0",
    files: named("Falcon3-1B-1.58bit-{}.gguf", "Q8_0 TQ1_0 TQ2_0"),
    picks: {
      Q1_0: { llama: "Falcon3-1B-1.58bit-TQ1_0.gguf", hub: null },
      TQ1_0: "Falcon3-1B-1.58bit-TQ1_0.gguf",
      Q2_0: { llama: "Falcon3-1B-1.58bit-TQ2_0.gguf", hub: null },
    },
    problems: [],
  },
  {
    title: "1-bit models: TQ1_0 in another folder is listed before Q1_0",
    files: ["a/Bonsai-8B-TQ1_0.gguf", "b/Bonsai-8B-Q1_0.gguf"],
    picks: {
      Q1_0: { llama: "a/Bonsai-8B-TQ1_0.gguf", hub: "b/Bonsai-8B-Q1_0.gguf" },
      "": { llama: "a/Bonsai-8B-TQ1_0.gguf", hub: null },
    },
    problems: ["QS-RESOLVE-TAG", "QS-RESOLVE-DEFAULT"],
  },
  {
    title: "i-quants match shorter tags: :Q4_NL resolves to IQ4_NL",
    files: named("m-{}.gguf", "IQ2_M IQ4_NL Q4_K_M"),
    picks: { Q4_NL: { llama: "m-IQ4_NL.gguf", hub: null }, IQ4_NL: "m-IQ4_NL.gguf" },
    problems: [],
  },
  {
    title: "aliases as names: plain Q4_K and Q5_K have no label",
    files: named("model-{}.gguf", "Q4_K Q5_K Q4_K_M"),
    picks: { Q4_K: "model-Q4_K.gguf", "": "model-Q4_K_M.gguf", Q5_K: "model-Q5_K.gguf" },
    labels: { "model-Q4_K.gguf": undefined },
    problems: ["QS-RESOLVE-UNLABELLED"],
  },
  {
    title: "two files with the same label",
    files: ["model-Q4_K_M.gguf", "model-v2-Q4_K_M.gguf", "model-Q8_0.gguf"],
    picks: { Q4_K_M: "model-Q4_K_M.gguf", "": "model-Q4_K_M.gguf" },
    problems: ["QS-RESOLVE-DUPLICATE", "QS-RESOLVE-TAG"],
  },
  {
    title: "two sizes of a model in one repository",
    files: [...named("phi-1b-{}.gguf", "Q4_K_M Q8_0"), ...named("phi-3b-{}.gguf", "Q4_K_M Q8_0")],
    picks: { Q8_0: "phi-1b-Q8_0.gguf", "3b-Q8_0": "phi-3b-Q8_0.gguf" },
    problems: ["QS-RESOLVE-DUPLICATE", "QS-RESOLVE-TAG"],
  },
  {
    title: "a folder name that contains a tag matches the tag",
    files: ["Q8_0-old/model-Q4_K_M.gguf", "model-Q8_0.gguf"],
    picks: {
      Q8_0: { llama: "Q8_0-old/model-Q4_K_M.gguf", hub: "model-Q8_0.gguf" },
      "": "Q8_0-old/model-Q4_K_M.gguf",
    },
    problems: ["QS-RESOLVE-TAG"],
  },
  {
    title: "subfolders per quant, single files",
    files: ["Q4_K_M/model.gguf", "Q8_0/model.gguf"],
    picks: {
      "": { llama: "Q4_K_M/model.gguf", hub: null },
      Q4_K_M: null,
    },
    labels: { "Q4_K_M/model.gguf": undefined },
    problems: ["QS-RESOLVE-UNLABELLED", "QS-RESOLVE-TAG", "QS-RESOLVE-DEFAULT"],
  },
  {
    title: "projectors per folder: the nearest folder wins",
    files: ["mmproj-F16.gguf", "vision/mmproj-Q8_0.gguf", "vision/model-Q4_K_M.gguf", "model-Q8_0.gguf"],
    picks: { "": "vision/model-Q4_K_M.gguf", Q8_0: "model-Q8_0.gguf" },
    llamaMmproj: "vision/mmproj-Q8_0.gguf",
    pocketpal: { "model-Q8_0.gguf": "vision/mmproj-Q8_0.gguf" },
    problems: [],
  },
  {
    title: "mmproj.gguf: a model to PocketPal",
    files: ["mmproj.gguf", "llava-Q4_K_M.gguf"],
    picks: { "": "llava-Q4_K_M.gguf" },
    llamaMmproj: "mmproj.gguf",
    pocketpal: { "llava-Q4_K_M.gguf": null },
    problems: ["QS-RESOLVE-MMPROJ"],
  },
  {
    title: "mmproj at the end of the name: a model to PocketPal and LM Studio",
    files: ["llava-v1.6-mmproj.gguf", "llava-v1.6-Q4_K_M.gguf"],
    picks: { "": "llava-v1.6-Q4_K_M.gguf" },
    llamaMmproj: "llava-v1.6-mmproj.gguf",
    pocketpal: { "llava-v1.6-Q4_K_M.gguf": null },
    problems: ["QS-RESOLVE-MMPROJ"],
  },
  {
    title: "an upper-case projector is a model to llama.cpp",
    files: ["MMPROJ-model-F16.gguf", "model-Q5_K_M.gguf"],
    picks: {
      "": { llama: "MMPROJ-model-F16.gguf", hub: null },
      F16: "MMPROJ-model-F16.gguf",
    },
    pocketpal: { "model-Q5_K_M.gguf": "MMPROJ-model-F16.gguf" },
    pocketpalHides: ["MMPROJ-model-F16.gguf"],
    problems: ["QS-RESOLVE-DEFAULT", "QS-RESOLVE-MMPROJ"],
  },
  {
    title: "upper-case extensions: not a model to llama.cpp",
    files: ["model-Q4_K_M.GGUF", "model-Q8_0.gguf"],
    picks: { "": "model-Q8_0.gguf", Q4_K_M: null },
    problems: ["QS-RESOLVE-HIDDEN"],
  },
  {
    title: "speculative decoding: mtp- and eagle3- files are not models",
    files: ["eagle3-Qwen3-8B-Q4_K_M.gguf", "mtp-Qwen3-8B-Q8_0.gguf", "Qwen3-8B-Q5_K_M.gguf"],
    picks: { "": "Qwen3-8B-Q5_K_M.gguf", Q4_K_M: null },
    problems: [],
  },
  {
    title: "a model name that contains mtp-",
    files: ["GLM-4.5-mtp-Q4_K_M.gguf", "GLM-4.5-Q8_0.gguf"],
    picks: { "": "GLM-4.5-Q8_0.gguf", Q4_K_M: null },
    problems: ["QS-RESOLVE-HIDDEN"],
  },
  {
    title: "an imatrix without imatrix in its name counts as a model",
    files: ["model-importance.gguf", "model-Q6_K.gguf"],
    picks: { "": { llama: "model-Q6_K.gguf", hub: null } },
    problems: ["QS-RESOLVE-UNLABELLED", "QS-RESOLVE-DEFAULT"],
  },
  {
    title: "old ARM quants: Q4_0_4_4 is labelled Q4_0",
    files: named("Phi-3.5-mini-instruct-{}.gguf", "Q4_0 Q4_0_4_4 Q4_0_8_8 Q4_K_M"),
    picks: {
      Q4_0: "Phi-3.5-mini-instruct-Q4_0.gguf",
      Q4_0_4_4: "Phi-3.5-mini-instruct-Q4_0_4_4.gguf",
      "": "Phi-3.5-mini-instruct-Q4_K_M.gguf",
    },
    labels: { "Phi-3.5-mini-instruct-Q4_0_4_4.gguf": "Q4_0" },
    problems: ["QS-RESOLVE-DUPLICATE", "QS-RESOLVE-TAG"],
  },
  {
    title: "an underscore before the quant: llama.cpp resolves the tag, the Hub does not",
    files: ["stable_lm_Q4_K_M.gguf", "stable_lm_Q8_0.gguf"],
    picks: {
      Q8_0: { llama: "stable_lm_Q8_0.gguf", hub: null },
      "": { llama: "stable_lm_Q4_K_M.gguf", hub: null },
    },
    labels: { "stable_lm_Q8_0.gguf": "Q8_0" },
    problems: ["QS-RESOLVE-TAG"],
  },
  {
    title: "splits with one missing",
    files: shards("big-Q4_K_M", 3).slice(0, 2),
    picks: { "": "big-Q4_K_M-00001-of-00003.gguf" },
    ollamaRefuses: [""],
    pocketpalHides: ["big-Q4_K_M-00001-of-00003.gguf"],
    problems: ["QS-RESOLVE-SHARDS"],
  },
  {
    title: "names that differ only in letter case",
    files: ["model-Q4_K_M.gguf", "Model-Q4_K_M.gguf"],
    picks: { Q4_K_M: "Model-Q4_K_M.gguf", "": "Model-Q4_K_M.gguf" },
    problems: ["QS-RESOLVE-CASE", "QS-RESOLVE-DUPLICATE", "QS-RESOLVE-TAG"],
  },
  {
    title: "no GGUF file",
    files: ["config.json", "model.safetensors"],
    picks: { ...nothing, "": null, Q4_K_M: null },
    problems: [],
  },
  {
    title: "quantsmith: a dynamic variant, presets, an imatrix, a projector, other release files",
    files: [
      "README.md",
      "SHA256SUMS",
      "release.json",
      "params",
      "template",
      "Q3_K_M.tensor-types.txt",
      "Qwen3-4B-imatrix.gguf",
      "mmproj-Qwen3-4B-F16.gguf",
      ...named("Qwen3-4B-{}.gguf", "IQ4_XS Q3_K_M Q4_K_M Q4_K_S Q6_K_L Q8_0"),
    ],
    picks: {
      "": "Qwen3-4B-Q4_K_M.gguf",
      Q6_K_L: "Qwen3-4B-Q6_K_L.gguf",
      IQ4_XS: "Qwen3-4B-IQ4_XS.gguf",
      Q4_K_S: "Qwen3-4B-Q4_K_S.gguf",
    },
    llamaMmproj: "mmproj-Qwen3-4B-F16.gguf",
    pocketpal: { "Qwen3-4B-Q3_K_M.gguf": "mmproj-Qwen3-4B-F16.gguf" },
    problems: [],
  },
];
