import { licenseUrl } from "../../checkpoint/license-url.js";
import { type CardOverrides, overrideCard } from "../../checkpoint/override-card.js";
import { readBaseCard } from "../../checkpoint/snapshot-report.js";
import { hubUrl } from "../../hub/hub-url.js";
import { nameParts } from "../../quant/name-parts.js";
import type { JsonObject } from "../../util/canonical-json.js";

/** The recipe's settings for the metadata in every file of a release. */
export interface MetadataParams extends JsonObject, CardOverrides {
  readonly quantizedBy?: string;
  readonly repoUrl?: string;
}

/** Returns a snapshot's model card as front matter for llama.cpp's converter. */
export async function readConverterCard(
  snapshot: string,
  { baseModel, metadata }: { baseModel: string | null; metadata: MetadataParams },
): Promise<JsonObject> {
  const card = overrideCard(await readBaseCard(snapshot), metadata);
  return {
    ...(card.license === null ? {} : { license: card.license }),
    ...(card.licenseName === null ? {} : { license_name: card.licenseName }),
    ...(card.licenseLink === null ? {} : { license_link: licenseUrl(card.licenseLink, baseModel) ?? card.licenseLink }),
    ...(card.tags.length === 0 ? {} : { tags: card.tags }),
    ...(card.pipelineTag === null ? {} : { pipeline_tag: card.pipelineTag }),
    ...(card.languages.length === 0 ? {} : { language: card.languages }),
    ...(card.datasets.length === 0 ? {} : { datasets: card.datasets }),
    // A GGUF file's base is its checkpoint. A local one has no address, so its own bases are listed instead.
    ...(baseModel !== null || card.baseModels.length === 0 ? {} : { base_model: card.baseModels }),
  };
}

/**
 * Returns the content of the converter's `--metadata` file. Null keeps a key out of the GGUF: the converter's own guess
 * from config.json may be a folder name on the trainer's machine.
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
