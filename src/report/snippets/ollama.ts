import { modelfileText, shellWord } from "./quoting.js";
import { fenced, gpuLayers, type Runtime, type SnippetInput } from "./snippet.js";

/** Ollama takes single files, from here by way of a Modelfile or from the Hub by name. */
export const ollama: Runtime = {
  name: "Ollama",
  platforms: ["macos", "desktop"],
  docs: "https://docs.ollama.com/modelfile",
  snippet: (input) => {
    const { repo, file, tag } = input;
    const from = repo === null ? `./${file}` : `hf.co/${repo}:${tag}`;
    const name = shellWord(file.replace(/\.gguf$/i, "").toLowerCase());
    const commands = `ollama create ${name} -f Modelfile\nollama run ${name} ${shellWord(input.prompt)}`;
    return `A \`Modelfile\`${repo === null ? " beside the model" : ""}:\n\n${fenced("", modelfile(from, input))}\n\n${fenced("sh", commands)}${cacheNote(input)}`;
  },
};

function modelfile(from: string, input: SnippetInput): string {
  const settings = [`PARAMETER num_ctx ${input.context}`, `PARAMETER num_gpu ${gpuLayers(input)}`];
  return [`FROM ${from}`, ...settings, `SYSTEM ${modelfileText(input.system)}`].join("\n");
}

function cacheNote({ kvType }: SnippetInput): string {
  if (kvType === "f16") return "";
  return `\n\nThe server's cache is set where it is started:\n\n${fenced("sh", `OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=${kvType} ollama serve`)}`;
}
