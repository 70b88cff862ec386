import { shellPath, shellWord } from "../../util/shell-word.js";
import { codeSpan } from "../markdown.js";
import { fenced, gpuLayers, type Runtime, type SnippetInput } from "./snippet.js";

const platforms = ["macos", "desktop"] as const;

/** LM Studio with its command line tool, `lms`. */
export const lmStudio: Runtime = {
  name: "LM Studio",
  platforms,
  docs: "https://lmstudio.ai/docs/cli",
  snippet: (input) => {
    const { repo, file, tag, context } = input;
    const get =
      repo === null ? `lms import ${shellPath(file)}` : `lms get ${shellWord(`https://huggingface.co/${repo}@${tag}`)}`;
    const commands = `${get}\nlms ls   # shows the model's key\nlms load <key> --context-length ${context} --gpu ${offload(input)}\nlms chat <key>`;
    return `${fenced("sh", commands)}${cacheNote(input)}`;
  },
};

/** Share of the model on the GPU, in the format of `lms`. */
function offload({ layers }: SnippetInput): string {
  if (layers === null) return "off";
  if (layers.offloaded === layers.total && layers.expertsOnCpu === 0) return "max";
  return (Math.floor((100 * layers.offloaded) / layers.total) / 100).toString();
}

/** Jan imports local files in its settings. */
export const jan: Runtime = {
  name: "Jan",
  platforms,
  docs: "https://www.jan.ai/docs/desktop/manage-models",
  snippet: (input) => {
    const { repo, file, tag, context } = input;
    const get =
      repo === null
        ? `Choose **Settings → Model Providers → Llama.cpp → Import** and select ${codeSpan(file)}.`
        : `Search for ${codeSpan(repo)} in **Hub** and download ${codeSpan(tag)}.`;
    return `${get} In the model's settings, set the context size to ${context} and the GPU layers to ${gpuLayers(input)}.${cacheNote(input)}`;
  },
};

/** GPT4All lists every GGUF file in its download folder. */
export const gpt4all: Runtime = {
  name: "GPT4All",
  platforms,
  docs: "https://docs.gpt4all.io/gpt4all_desktop/settings.html",
  snippet: (input) => {
    const { repo, file, context } = input;
    const get =
      repo === null
        ? `Copy ${codeSpan(file)} into the folder of **Settings → Application → Download Path** and restart GPT4All.`
        : `Choose **Models → Add Model**, search for ${codeSpan(repo)} and download ${codeSpan(file)}.`;
    return `${get} In **Settings → Model**, set the context length to ${context} and the GPU layers to ${gpuLayers(input)}. GPT4All uses an older llama.cpp, which does not load newer architectures and types.`;
  },
};

/** text-generation-webui loads files from its models folder. */
export const textGenerationWebui: Runtime = {
  name: "text-generation-webui",
  platforms,
  docs: "https://github.com/oobabooga/text-generation-webui",
  snippet: (input) => {
    const { repo, file, context, kvType, layers } = input;
    const url = `https://huggingface.co/${repo}/resolve/main/${encodeURIComponent(file.toWellFormed())}`;
    const get =
      repo === null
        ? `mv ${shellPath(file)} user_data/models/`
        : `curl -L -o ${shellWord(`user_data/models/${file}`)} ${shellWord(url)}`;
    const experts = layers !== null && layers.expertsOnCpu > 0 ? " --cpu-moe" : "";
    const cache = kvType === "f16" ? "" : ` --cache-type ${kvType}`;
    const run = `python server.py --portable --model=${shellWord(file)} --ctx-size ${context} --gpu-layers ${gpuLayers(input)}${experts}${cache}`;
    return `In the folder of text-generation-webui:\n\n${fenced("sh", `${get}\n${run}`)}`;
  },
};

function cacheNote({ kvType }: SnippetInput): string {
  return kvType === "f16" ? "" : ` Set the K and V cache types to \`${kvType}\` in the model's settings.`;
}
