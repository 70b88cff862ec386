import { shellPath, shellWord } from "../../util/shell-word.js";
import { modelOption } from "./model-source.js";
import { fenced, type Runtime, type SnippetInput } from "./snippet.js";

/** llama.cpp's terminal program; every flag is in common/arg.cpp of the pinned version. */
export const llamaCpp: Runtime = {
  name: "llama.cpp",
  platforms: ["macos", "desktop"],
  docs: "https://github.com/ggml-org/llama.cpp/blob/master/tools/cli/README.md",
  snippet: (input) => fenced("sh", `${llamaCliArguments(input).join(" ")}`),
};

/** The words of the command, quoted for a shell. */
function llamaCliArguments(input: SnippetInput): string[] {
  const { repo, projector, flags, system, prompt } = input;
  const local = repo === null && projector !== null ? ["--mmproj", shellPath(projector)] : [];
  return ["llama-cli", modelOption(input), ...local, flags, "-sys", shellWord(system), "-p", shellWord(prompt)];
}
