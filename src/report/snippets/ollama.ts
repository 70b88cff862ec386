import { shellWord } from "../../util/shell-word.js";
import { modelfileText } from "./quoting.js";
import { fenced, gpuLayers, type Runtime, type SnippetInput } from "./snippet.js";

/** Ollama runs single files: local ones through a Modelfile, published ones by name. */
export const ollama: Runtime = {
  name: "Ollama",
  platforms: ["macos", "desktop"],
  docs: "https://docs.ollama.com/modelfile",
  snippet: (input) => {
    const { repo, file, tag } = input;
    const ready =
      repo === null
        ? ""
        : `${fenced("sh", `ollama run ${shellWord(`hf.co/${repo}:${tag}`)} ${shellWord(input.prompt)}`)}\n\nFor custom settings: `;
    const from = repo === null ? `./${file}` : `hf.co/${repo}:${tag}`;
    if (/["\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\s$/u.test(from)) return unusableName;
    const name = ollamaName(file);
    const commands = `ollama create ${name} -f Modelfile\nollama run ${name} ${shellWord(input.prompt)}`;
    return `${ready}${ready === "" ? "A" : "a"} \`Modelfile\`${repo === null ? " in the folder of the model" : ""}:\n\n${fenced("", modelfile(from, input))}\n\n${fenced("sh", commands)}${cacheNote(input)}${filesNote(input)}`;
  },
};

const unusableName =
  "A `Modelfile` cannot refer to this file: rename it to a name without quotes and invisible characters.";

/** Longest name that Ollama accepts. */
const longestName = 80;

/** A valid Ollama model name: lower case, starting with a letter or digit; a long one keeps its end, the variant. */
function ollamaName(file: string): string {
  const allowed = file
    .replace(/\.gguf$/i, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-");
  const name = allowed.replace(/^[-._]+/, "") || "model";
  return name.length > longestName ? name.slice(0, longestName / 2) + name.slice(-longestName / 2) : name;
}

function modelfile(from: string, input: SnippetInput): string {
  const settings = [`PARAMETER num_ctx ${input.context}`, `PARAMETER num_gpu ${gpuLayers(input)}`];
  return [`FROM ${from}`, ...settings, `SYSTEM ${modelfileText(input.system)}`].join("\n");
}

function filesNote({ ollamaNote = "" }: SnippetInput): string {
  return ollamaNote === "" ? "" : `\n\n${ollamaNote}`;
}

function cacheNote({ kvType }: SnippetInput): string {
  if (kvType === "f16") return "";
  return `\n\nSet the KV cache type when you start the server:\n\n${fenced("sh", `OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=${kvType} ollama serve`)}`;
}
