import { codeSpan } from "../markdown.js";
import { shellPath, shellWord } from "./quoting.js";
import { fenced, gpuLayers, type Runtime, type SnippetInput } from "./snippet.js";

const platforms = ["macos", "desktop"] as const;

/** LM Studio by its own command line, `lms`. */
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

/** Part of the model on the device, as `lms` wants it. */
function offload({ layers }: SnippetInput): string {
  if (layers === null) return "off";
  if (layers.offloaded === layers.total && layers.expertsOnCpu === 0) return "max";
  return (Math.floor((100 * layers.offloaded) / layers.total) / 100).toString();
}

/** Jan imports a file in its settings. */
export const jan: Runtime = {
  name: "Jan",
  platforms,
  docs: "https://www.jan.ai/docs/desktop/manage-models",
  snippet: (input) => {
    const { repo, file, tag, context } = input;
    const get =
      repo === null
        ? `**Settings → Model Providers → Llama.cpp → Import**, and choose ${codeSpan(file)}.`
        : `Paste \`${repo}\` into the search bar of **Hub**, and download \`${tag}\`.`;
    return `${get} In the model's settings, set the context size to ${context} and the GPU layers to ${gpuLayers(input)}.${cacheNote(input)}`;
  },
};

/** GPT4All shows every GGUF file of its download folder. */
export const gpt4all: Runtime = {
  name: "GPT4All",
  platforms,
  docs: "https://docs.gpt4all.io/gpt4all_desktop/settings.html",
  snippet: (input) => {
    const { repo, file, context } = input;
    const get =
      repo === null
        ? `Copy ${codeSpan(file)} into the folder that **Settings → Application → Download Path** shows, and start GPT4All again.`
        : `**Models → Add Model**, search for \`${repo}\`, and download ${codeSpan(file)}.`;
    return `${get} In **Settings → Model**, set the context length to ${context} and the GPU layers to ${gpuLayers(input)}. GPT4All has an older llama.cpp: newer architectures and types do not load.`;
  },
};

/** text-generation-webui reads its models folder. */
export const textGenerationWebui: Runtime = {
  name: "text-generation-webui",
  platforms,
  docs: "https://github.com/oobabooga/text-generation-webui",
  snippet: (input) => {
    const { repo, file, context, kvType, layers } = input;
    const url = `https://huggingface.co/${repo}/resolve/main/${encodeURIComponent(file)}`;
    const get =
      repo === null
        ? `mv ${shellPath(file)} user_data/models/`
        : `curl -L -o ${shellWord(`user_data/models/${file}`)} ${url}`;
    const experts = layers !== null && layers.expertsOnCpu > 0 ? " --cpu-moe" : "";
    const cache = kvType === "f16" ? "" : ` --cache-type ${kvType}`;
    const run = `python server.py --portable --model=${shellWord(file)} --ctx-size ${context} --gpu-layers ${gpuLayers(input)}${experts}${cache}`;
    return `In its folder:\n\n${fenced("sh", `${get}\n${run}`)}`;
  },
};

function cacheNote({ kvType }: SnippetInput): string {
  return kvType === "f16" ? "" : ` Set the K and V cache types to \`${kvType}\` in the model's settings.`;
}
