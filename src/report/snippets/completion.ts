import { shellWord } from "../../util/shell-word.js";
import { modelOption, nodeModel } from "./model-source.js";
import { scriptText } from "./quoting.js";
import { fenced, type SnippetInput } from "./snippet.js";

const start = "The three states of water are";

/** Renders how a base model completes a text: llama.cpp's program, Ollama and node-llama-cpp. No chat, no system prompt. */
export function completionSnippets(source: Pick<SnippetInput, "repo" | "file" | "tag">): string {
  const { repo, tag } = source;
  const { imports, path } = nodeModel(source, ["getLlama", "LlamaCompletion"]);
  return [
    "This is a base model: it completes text and does not chat.",
    fenced("sh", `llama-completion ${modelOption(source)} -no-cnv -n 64 -p ${shellWord(start)}`),
    ...(repo === null
      ? []
      : ["With Ollama:", fenced("sh", `ollama run ${shellWord(`hf.co/${repo}:${tag}`)} ${shellWord(start)}`)]),
    "With node-llama-cpp:",
    fenced(
      "js",
      `${imports}

const llama = await getLlama();
const model = await llama.loadModel({ modelPath: ${path} });
const context = await model.createContext();
const completion = new LlamaCompletion({ contextSequence: context.getSequence() });
console.log(await completion.generateCompletion(${scriptText(start)}, { maxTokens: 64 }));
await llama.dispose();`,
    ),
  ].join("\n\n");
}
