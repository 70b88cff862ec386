import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import { modelYamlFile } from "../../release/built-for.js";
import type { RunReport } from "../../release/release-report.js";
import { renderModelYaml } from "../../report/lm-studio.js";
import { ollamaParams } from "../../report/ollama/params.js";
import { hasChatTemplate, modelKind } from "../smoke/model-facts.js";
import type { StageContext } from "../stage.js";
import { ollamaFiles } from "./ollama-files.js";
import type { PackageParams } from "./package-params.js";
import { promptFormat } from "./prompt-format.js";

/** Facts about the files that runtimes read, for the model card. */
export interface RuntimeFacts {
  conversational: boolean;
  embedding: boolean;
  /** True for rerankers. */
  reranker: boolean;
  ollamaNote: string;
  /** A chat in the model's prompt format, with placeholders; null without one. */
  promptFormat: string | null;
}

/**
 * Writes the files for single runtimes: `template`, `params` and `system` for Ollama, and `model.yaml` for LM Studio if
 * the repository is set. Reads the metadata of the first variant, which is the same in all variants.
 */
export async function writeRuntimeFiles(
  report: RunReport,
  { metadata, publishRepo }: PackageParams,
  context: StageContext,
): Promise<RuntimeFacts> {
  const [first] = report.variants;
  if (first === undefined) throw new Error("the release has no variants");
  const gguf = await readGguf(join(context.out, first.file));
  const kind = modelKind(gguf);
  const [embedding, reranker] = [kind === "embedding", kind === "reranker"];
  const { files, note } = await ollamaFiles(gguf, metadata.system, context);
  for (const [name, content] of files) await writeFile(join(context.out, name), content);
  if (publishRepo !== null) {
    const facts = { report, gguf, repo: publishRepo, embedding, sampling: ollamaParams(gguf) };
    await writeFile(join(context.out, modelYamlFile), renderModelYaml(facts));
  }
  const conversational = hasChatTemplate(gguf) && kind === "text";
  const format = conversational ? await promptFormat(gguf, context) : null;
  return { conversational, embedding, reranker, ollamaNote: note, promptFormat: format };
}
