import type { JsonObject } from "../../util/canonical-json.js";
import type { Entries } from "../entries.js";
import type { PlannedTensor } from "../planned-tensor.js";
import { converterMetadata, type MetadataParams, readConverterCard } from "./converter-card.js";
import { asTitle, parseModelId } from "./model-id.js";
import { samplingMetadata } from "./sampling.js";
import { countParameters, sizeLabel } from "./size-label.js";

/** Inputs of a model's `general.*`, besides its files. */
export interface GeneralSource {
  /** `general.name`. */
  modelName: string;
  /** `org/name` on the Hub; null for a local folder. */
  baseModel: string | null;
  metadata: MetadataParams;
}

/** A base model or a data set. */
interface Origin {
  name?: string;
  version?: string;
  organization?: string;
  repo_url?: string;
}

/**
 * Returns `general.*` as llama.cpp's converter writes it for the folder of `makeModelFolder` and the file of
 * `converterMetadata`, except `general.file_type`, which is among the architecture's keys. Throws QS-CONVERT-CONFIG.
 */
export async function generalMetadata(
  folder: string,
  { modelName, baseModel, metadata }: GeneralSource,
  tensors: readonly PlannedTensor[],
): Promise<Entries> {
  const counts = countParameters(tensors);
  const metadataFields = converterMetadata(modelName, baseModel, metadata);
  const card = await readConverterCard(folder, { baseModel, metadata });
  const nonNullEntry = (key: string, value: unknown = metadataFields[`general.${key}`]): Entries =>
    typeof value === "string" && value !== "" ? [[`general.${key}`, { type: "string", value }]] : [];
  const bases = metadataFields["general.base_models"] ?? card.base_model;
  return [
    ...nonNullEntry("type", "model"),
    ...(await samplingMetadata(folder)),
    ...nonNullEntry("name", modelName),
    ...["version", "organization", "finetune", "basename", "quantized_by"].flatMap((key) => nonNullEntry(key)),
    ...nonNullEntry("size_label", metadataFields["general.size_label"] ?? sizeLabel(counts)),
    ...nonNullEntry("license", card.license),
    ...nonNullEntry("license.name", card.license_name),
    ...nonNullEntry("license.link", card.license_link),
    ...["repo_url", "source.url", "source.repo_url"].flatMap((key) => nonNullEntry(key)),
    ...origins("base_model", bases, counts.total),
    ...origins("dataset", card.datasets, counts.total),
    ...list("tags", [...strings(card.tags), ...strings(card.pipeline_tag)]),
    ...list("languages", strings(card.language)),
  ];
}

function origins(key: string, values: unknown, parameters: number): Entries {
  if (!Array.isArray(values)) return [];
  const all = values.map((value) => (typeof value === "string" ? toOrigin(value, parameters) : (value as Origin)));
  return [
    [`general.${key}.count`, { type: "uint32", value: all.length }],
    ...all.flatMap((origin, i) =>
      (["name", "version", "organization", "repo_url"] as const).flatMap((field): Entries => {
        const value = origin[field];
        return value ? [[`general.${key}.${i}.${field}`, { type: "string", value }]] : [];
      }),
    ),
  ];
}

/** Parses `org/name` or a URL. */
function toOrigin(id: string, parameters: number): Origin {
  const address = /^[a-z][a-z\d+.-]*:\/\//i.test(id);
  const repository = address ? /^https?:\/\/huggingface.co\/([^/]+\/[^/]+)$/.exec(id)?.[1] : id;
  if (repository === undefined) return { repo_url: id };
  const { name, organization, version } = parseModelId(repository, parameters);
  const origin = {
    name: asTitle(name),
    ...(version === undefined ? {} : { version }),
    ...(organization === undefined ? {} : { organization: asTitle(organization) }),
  };
  if (address) return { ...origin, repo_url: id };
  return organization === undefined
    ? origin
    : { ...origin, repo_url: `https://huggingface.co/${organization}/${name}` };
}

function list(key: string, items: readonly string[]): Entries {
  return items.length === 0 ? [] : [[`general.${key}`, { type: "array", itemType: "string", items }]];
}

function strings(value: JsonObject[string]): string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string");
}
