import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nameParts } from "../../quant/name-parts.js";
import { licenseUrl } from "../../release/license-url.js";
import { type CardChanges, ownCard } from "../../release/own-card.js";
import { hubUrl } from "../../release/release-facts.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { readBaseCard } from "../../checkpoint/snapshot-report.js";

/** What every file of a release says about itself. */
export interface MetadataParams extends JsonObject, CardChanges {
  readonly quantizedBy?: string;
  readonly repoUrl?: string;
}

const cardName = "README.md";

/**
 * Makes the folder that the converter sees: links to the snapshot's files, and in place of the model card one that says
 * no more than was understood of it. The converter would stop at a card that is not YAML, and could be told any
 * metadata by one that is.
 */
export async function makeModelFolder(
  folder: string,
  snapshot: string,
  { baseModel, metadata }: { baseModel: string | null; metadata: MetadataParams },
): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(snapshot)) {
    if (name !== cardName) await symlink(join(snapshot, name), join(folder, name));
  }
  const fields = await readConverterCard(snapshot, { baseModel, metadata });
  // JSON is YAML too, and the only kind in which Norwegian stays `no`.
  await writeFile(join(folder, cardName), `---\n${JSON.stringify(fields)}\n---\n`);
}

/** What the model card of a snapshot says to the converter, as the front matter of a card. */
export async function readConverterCard(
  snapshot: string,
  { baseModel, metadata }: { baseModel: string | null; metadata: MetadataParams },
): Promise<JsonObject> {
  const card = ownCard(await readBaseCard(snapshot), metadata);
  return {
    ...(card.license === null ? {} : { license: card.license }),
    ...(card.licenseName === null ? {} : { license_name: card.licenseName }),
    ...(card.licenseLink === null ? {} : { license_link: licenseUrl(card.licenseLink, baseModel) ?? card.licenseLink }),
    ...(card.tags.length === 0 ? {} : { tags: card.tags }),
    ...(card.pipelineTag === null ? {} : { pipeline_tag: card.pipelineTag }),
    ...(card.languages.length === 0 ? {} : { language: card.languages }),
    ...(card.datasets.length === 0 ? {} : { datasets: card.datasets }),
    // A GGUF file's base is the checkpoint it was made from; of a local one only what that was made from is known.
    ...(baseModel !== null || card.baseModels.length === 0 ? {} : { base_model: card.baseModels }),
  };
}

/**
 * The converter's `--metadata` file. What is null is left out of the GGUF, whatever the converter would guess from
 * config.json, which may hold the name of a folder on the trainer's machine.
 */
export function converterMetadata(
  modelName: string,
  baseModel: string | null,
  { quantizedBy, repoUrl }: MetadataParams,
): JsonObject {
  const parts = nameParts(modelName);
  const [organization = null, repoName = modelName] = baseModel?.split("/") ?? [];
  const source = baseModel === null ? null : hubUrl(baseModel);
  return {
    "general.basename": parts.basename,
    "general.size_label": parts.sizeLabel,
    "general.finetune": parts.finetune,
    "general.version": parts.version,
    "general.organization": organization,
    "general.quantized_by": quantizedBy ?? null,
    "general.repo_url": repoUrl ?? null,
    ...(source === null
      ? {}
      : {
          "general.source.url": source,
          "general.source.repo_url": source,
          "general.base_models": [{ name: repoName, organization, repo_url: source }],
        }),
  };
}
