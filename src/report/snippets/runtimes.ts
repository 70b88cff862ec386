import { android } from "./android.js";
import { gpt4all, jan, lmStudio, textGenerationWebui } from "./desktop-apps.js";
import { llamaCpp } from "./llama-cpp.js";
import { nodeLlamaCpp } from "./node-llama-cpp.js";
import { ollama } from "./ollama.js";
import { llmFarm, pocketPal } from "./phone-apps.js";
import type { Platform, Runtime, SnippetInput } from "./snippet.js";
import { swift } from "./swift.js";

/** All runtimes that read the files and compute on the device itself. */
export const runtimes: readonly Runtime[] = [
  llamaCpp,
  swift,
  android,
  ollama,
  lmStudio,
  jan,
  gpt4all,
  textGenerationWebui,
  pocketPal,
  llmFarm,
  nodeLlamaCpp,
];

/** Runtimes that people ask for and that read other formats, with what to take instead. */
const otherFormats = [
  [
    "MLX",
    "safetensors of its own (of GGUF, MLX core reads Q4_0, Q4_1 and Q8_0 alone)",
    "llama.cpp with Metal, or its XCFramework in Swift",
  ],
  ["MLC LLM", "weights compiled for one device", "PocketPal, or llama.cpp's library on Android"],
  [
    "ExecuTorch",
    "`.pte` programs exported from PyTorch",
    "llama.cpp's XCFramework in Swift, or its library on Android",
  ],
] as const;

/** Markdown: the snippets for a platform, the others folded, and what does not read the files. */
export function renderSnippets(input: SnippetInput, platform: Platform): string {
  const here = runtimes.filter(({ platforms }) => platforms.includes(platform));
  const elsewhere = runtimes.filter(({ platforms }) => !platforms.includes(platform));
  const rest = elsewhere.map((runtime) => section(runtime, input)).join("\n\n");
  return [
    ...here.map((runtime) => section(runtime, input)),
    `<details><summary>On other systems</summary>\n\n${rest}\n\n</details>`,
    otherFormatsNote(),
  ].join("\n\n");
}

function section({ name, docs, snippet }: Runtime, input: SnippetInput): string {
  return `### ${name}\n\n${snippet(input)}\n\n[Documentation](${docs})`;
}

function otherFormatsNote(): string {
  const lines = otherFormats.map(([name, reads, instead]) => `- **${name}** reads ${reads}. Instead: ${instead}.`);
  return `### Not with these files\n\n${lines.join("\n")}`;
}
