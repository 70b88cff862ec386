import { shellPath, shellWord } from "./quoting.js";
import { fenced, type Runtime, type SnippetInput } from "./snippet.js";

/** llama.cpp's own program for the terminal; every flag is in the pinned common/arg.cpp. */
export const llamaCpp: Runtime = {
  name: "llama.cpp",
  platforms: ["macos", "desktop"],
  docs: "https://github.com/ggml-org/llama.cpp/blob/master/tools/cli/README.md",
  snippet: (input) => fenced("sh", `${llamaCliArguments(input).join(" ")}`),
};

/** The command, word by word, ready for a shell. */
function llamaCliArguments(input: SnippetInput): string[] {
  const { repo, file, tag, projector, flags, system, prompt } = input;
  const local = ["-m", shellPath(file), ...(projector === null ? [] : ["--mmproj", shellPath(projector)])];
  // With -hf, llama.cpp fetches the projector by itself.
  const model = repo === null ? local : ["-hf", shellWord(`${repo}:${tag}`)];
  return ["llama-cli", ...model, flags, "-sys", shellWord(system), "-p", shellWord(prompt)];
}
