import { markdownDetails } from "../markdown.js";
import { android } from "./android.js";
import { gpt4all, jan, lmStudio, textGenerationWebui } from "./desktop-apps.js";
import { llamaCpp } from "./llama-cpp.js";
import { nodeLlamaCpp } from "./node-llama-cpp.js";
import { ollama } from "./ollama.js";
import { llmFarm, pocketPal } from "./phone-apps.js";
import type { Runtime, SnippetInput } from "./snippet.js";
import { swift } from "./swift.js";

/** All runtimes that load the files and run on the device itself. */
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

/** Common runtimes for other formats: name, format, alternative. */
const otherFormats = [
  [
    "MLX",
    "safetensors in MLX's own layout (MLX core supports only Q4_0, Q4_1 and Q8_0 of GGUF)",
    "llama.cpp with Metal, or its XCFramework in Swift",
  ],
  ["MLC LLM", "weights compiled for one device", "PocketPal, or llama.cpp's library on Android"],
  [
    "ExecuTorch",
    "`.pte` programs exported from PyTorch",
    "llama.cpp's XCFramework in Swift, or its library on Android",
  ],
] as const;

/** Renders snippets in Markdown: matching runtimes first, the others folded, with a note on runtimes for other formats. */
export function renderSnippets(
  inputFor: (runtime: Runtime) => SnippetInput,
  matters: (runtime: Runtime) => boolean,
): string {
  const render = (runtime: Runtime) => section(runtime, inputFor(runtime));
  const rest = [...runtimes.filter((one) => !matters(one)).map(render), otherFormatsNote()].join("\n\n");
  return [...runtimes.filter(matters).map(render), markdownDetails("Other programs", rest)].join("\n\n");
}

function section({ name, docs, snippet }: Runtime, input: SnippetInput): string {
  return `### ${name}\n\n${snippet(input)}\n\n[Documentation](${docs})`;
}

function otherFormatsNote(): string {
  const lines = otherFormats.map(([name, reads, instead]) => `- **${name}** needs ${reads}. Alternative: ${instead}.`);
  return `### Incompatible runtimes\n\n${lines.join("\n")}`;
}
