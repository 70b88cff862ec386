import { shellPath, shellWord } from "../../util/shell-word.js";
import { scriptText } from "./quoting.js";
import type { SnippetInput } from "./snippet.js";

type ModelSource = Pick<SnippetInput, "repo" | "file" | "tag">;

/** Returns the option of llama.cpp's programs for the model, quoted for a shell. With `-hf` they also download the projector. */
export function modelOption({ repo, file, tag }: ModelSource): string {
  return repo === null ? `-m ${shellPath(file)}` : `-hf ${shellWord(`${repo}:${tag}`)}`;
}

/** Returns the import of node-llama-cpp with these names and those that the model needs, and the expression of its path. */
export function nodeModel(
  { repo, file, tag }: ModelSource,
  names: readonly string[],
): { imports: string; path: string } {
  const all = [...names, ...(repo === null ? [] : ["resolveModelFile"])];
  return {
    imports: `import { ${all.join(", ")} } from "node-llama-cpp";`,
    path: repo === null ? scriptText(file) : `await resolveModelFile(${scriptText(`hf:${repo}:${tag}`)})`,
  };
}
