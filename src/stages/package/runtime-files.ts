import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readGguf } from "../../gguf/read-header.js";
import type { RunReport } from "../../release/release-report.js";
import { modelYamlFile, renderModelYaml } from "../../report/lm-studio.js";
import { ollamaParams } from "../../report/ollama/params.js";
import { hasChatTemplate, isEmbeddingModel } from "../smoke/model-facts.js";
import { ollamaFiles } from "./ollama-files.js";
import type { PackageParams } from "./package-params.js";

/** What programs will find in the files, for the card. */
export interface RuntimeFacts {
  conversational: boolean;
  embedding: boolean;
  ollamaNote: string;
}

/**
 * Writes what single programs read beside the models: `template`, `params` and `system` for Ollama, `model.yaml` for LM
 * Studio when it is known where the release will be found. All variants have the same metadata, so one speaks for all.
 */
export async function writeRuntimeFiles(
  folder: string,
  report: RunReport,
  { metadata, publishRepo }: PackageParams,
): Promise<RuntimeFacts> {
  const [first] = report.variants;
  if (first === undefined) throw new Error("a release without variants was about to be packaged");
  const gguf = await readGguf(join(folder, first.file));
  const embedding = isEmbeddingModel(gguf);
  const { files, note } = ollamaFiles(gguf, metadata.system);
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  if (publishRepo !== null) {
    const facts = { report, gguf, repo: publishRepo, embedding, sampling: ollamaParams(gguf) };
    await writeFile(join(folder, modelYamlFile), renderModelYaml(facts));
  }
  return { conversational: hasChatTemplate(gguf), embedding, ollamaNote: note };
}
