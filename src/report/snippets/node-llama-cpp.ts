import { nodeModel } from "./model-source.js";
import { scriptText } from "./quoting.js";
import { fenced, gpuLayers, type Runtime, type SnippetInput } from "./snippet.js";

/** The library of quantsmith's smoke tests. */
export const nodeLlamaCpp: Runtime = {
  name: "node-llama-cpp",
  platforms: ["macos", "desktop"],
  docs: "https://node-llama-cpp.withcat.ai/guide/",
  snippet: (input) => `${fenced("sh", "npm install node-llama-cpp")}\n\n${fenced("js", program(input))}`,
};

function program(input: SnippetInput): string {
  const { context, kvType, system, prompt } = input;
  const { imports, path } = nodeModel(input, ["getLlama", "LlamaChatSession"]);
  const cache = kvType === "q8_0" ? ', experimentalKvCacheKeyType: "Q8_0", experimentalKvCacheValueType: "Q8_0"' : "";
  return `${imports}

const llama = await getLlama();
const model = await llama.loadModel({ modelPath: ${path}, gpuLayers: ${gpuLayers(input)} });
const context = await model.createContext({ contextSize: ${context}, flashAttention: true${cache} });
const session = new LlamaChatSession({
  contextSequence: context.getSequence(),
  systemPrompt: ${scriptText(system)},
});
await session.prompt(${scriptText(prompt)}, { onTextChunk: (text) => process.stdout.write(text) });
await llama.dispose();`;
}
