import { modelfileText, shellWord } from "./quoting.js";
import { fenced, gpuLayers, type Runtime, type SnippetInput } from "./snippet.js";

/** Ollama takes single files, from here by way of a Modelfile or from the Hub by name. */
export const ollama: Runtime = {
  name: "Ollama",
  platforms: ["macos", "desktop"],
  docs: "https://docs.ollama.com/modelfile",
  snippet: (input) => {
    const { repo, file, tag } = input;
    const ready =
      repo === null
        ? ""
        : `${fenced("sh", `ollama run hf.co/${repo}:${tag} ${shellWord(input.prompt)}`)}\n\nWith settings of your own: `;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
    if (repo === null && /[\u0000-\u001f\u007f"]/.test(file)) return unusableName;
    const from = repo === null ? `./${file}` : `hf.co/${repo}:${tag}`;
    const name = ollamaName(file);
    const commands = `ollama create ${name} -f Modelfile\nollama run ${name} ${shellWord(input.prompt)}`;
    return `${ready}${ready === "" ? "A" : "a"} \`Modelfile\`${repo === null ? " beside the model" : ""}:\n\n${fenced("", modelfile(from, input))}\n\n${fenced("sh", commands)}${cacheNote(input)}`;
  },
};

const unusableName = "A `Modelfile` cannot name this file: give it a name without quotes and control characters first.";

/** A name that Ollama takes: lower case, a letter or digit first. */
function ollamaName(file: string): string {
  const name = file.replace(/\.gguf$/i, "").toLowerCase();
  return name.replace(/[^a-z0-9._-]+/g, "-").replace(/^[-._]+/, "") || "model";
}

function modelfile(from: string, input: SnippetInput): string {
  const settings = [`PARAMETER num_ctx ${input.context}`, `PARAMETER num_gpu ${gpuLayers(input)}`];
  return [`FROM ${from}`, ...settings, `SYSTEM ${modelfileText(input.system)}`].join("\n");
}

function cacheNote({ kvType }: SnippetInput): string {
  if (kvType === "f16") return "";
  return `\n\nThe server's cache is set where it is started:\n\n${fenced("sh", `OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=${kvType} ollama serve`)}`;
}
