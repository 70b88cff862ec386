import { shellWord } from "../../util/shell-word.js";
import { modelOption, nodeModel } from "./model-source.js";
import { scriptText } from "./quoting.js";
import { fenced, type SnippetInput } from "./snippet.js";

/** Example texts: a question, and a sentence that answers it. */
const question = "When does the train to Lisbon leave?";
const answer = "The train to Lisbon leaves at nine.";

/**
 * Renders how to compute vectors with an embedding model: llama.cpp's program and server, and node-llama-cpp. The pooling
 * comes from the file.
 */
export function embeddingSnippets(source: Pick<SnippetInput, "repo" | "file" | "tag">): string {
  const model = modelOption(source);
  const { imports, path } = nodeModel(source, ["getLlama"]);
  const body = shellWord(JSON.stringify({ input: [question, answer] }));
  return [
    fenced("sh", `llama-embedding ${model} -p ${shellWord(question)}`),
    "As a server with OpenAI's API:",
    fenced(
      "sh",
      `llama-server ${model} --embeddings\ncurl http://localhost:8080/v1/embeddings -H 'Content-Type: application/json' -d ${body}`,
    ),
    "With node-llama-cpp:",
    fenced(
      "js",
      `${imports}

const llama = await getLlama();
const model = await llama.loadModel({ modelPath: ${path} });
const context = await model.createEmbeddingContext();
const asked = await context.getEmbeddingFor(${scriptText(question)});
const said = await context.getEmbeddingFor(${scriptText(answer)});
console.log(asked.calculateCosineSimilarity(said));
await llama.dispose();`,
    ),
  ].join("\n\n");
}

/** Renders how to rank documents with llama.cpp's server. */
export function rerankerSnippet(source: Pick<SnippetInput, "repo" | "file" | "tag">): string {
  const body = shellWord(JSON.stringify({ query: question, documents: [answer, "The library is closed on Mondays."] }));
  return fenced(
    "sh",
    `llama-server ${modelOption(source)} --reranking\ncurl http://localhost:8080/v1/rerank -H 'Content-Type: application/json' -d ${body}`,
  );
}
