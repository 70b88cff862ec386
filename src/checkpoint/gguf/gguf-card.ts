import type { Gguf } from "../../gguf/gguf.js";
import { metadataNumber, metadataString } from "../../gguf/metadata.js";
import { repoId } from "../../hub/hub-ref.js";
import { type BaseCard, baseCard } from "../base-card.js";
import { licenseUrl } from "../license-url.js";
import { isPathOrigin } from "../path-origin.js";

/** The model card of a GGUF source, and the repository that the release is a quantization of. */
export interface GgufCard {
  card: BaseCard;
  /** `org/name`; null if neither the metadata nor the model card names it. */
  baseModel: string | null;
}

type Header = Pick<Gguf, "metadata">;

/**
 * Returns the model card of a GGUF source: the card in its repository, completed by the file's `general.*` keys.
 * `repo` is the repository of the file; null for a local one.
 */
export function ggufCard(header: Header, repository: BaseCard, repo: string | null): GgufCard {
  const own = metadataCard(header);
  const card: BaseCard = {
    ...(repository.license === null ? licenseOf(own) : licenseOf(repository, repo)),
    languages: firstFilled(repository.languages, own.languages),
    pipelineTag: repository.pipelineTag,
    tags: firstFilled(repository.tags, own.tags),
    datasets: firstFilled(repository.datasets, own.datasets),
    baseModels: firstFilled(repository.baseModels, own.baseModels),
    gated: repository.gated,
  };
  // Written by quantsmith for the checkpoint; `general.base_model` by llama.cpp for what the checkpoint was tuned from.
  const checkpoint = repositoryName(metadataString(header, "general.source.repo_url"), "");
  return { card, baseModel: checkpoint ?? card.baseModels.find(isRepository) ?? repo };
}

/** The card in the metadata, with the same checks of each value as the front matter of a model card. */
function metadataCard(header: Header): BaseCard {
  return baseCard({
    license: metadataString(header, "general.license"),
    license_name: metadataString(header, "general.license.name"),
    license_link: metadataString(header, "general.license.link"),
    language: texts(header, "general.languages"),
    tags: texts(header, "general.tags"),
    datasets: repositories(header, "dataset", "datasets/"),
    base_model: repositories(header, "base_model", ""),
  });
}

/** A relative link is a file of the repository, which is not the one that releases take the licence's address from. */
function licenseOf(
  { license, licenseName, licenseLink }: BaseCard,
  repo: string | null = null,
): Pick<BaseCard, "license" | "licenseName" | "licenseLink"> {
  return { license, licenseName, licenseLink: licenseUrl(licenseLink, repo) ?? licenseLink };
}

function firstFilled(first: readonly string[], second: readonly string[]): readonly string[] {
  return first.length > 0 ? first : second;
}

function texts({ metadata }: Header, key: string): string[] {
  const entry = metadata.get(key);
  return entry?.type === "array" ? entry.items.filter((item) => typeof item === "string") : [];
}

/** `general.<kind>.<n>.repo_url` for all n. */
function repositories(header: Header, kind: string, prefix: string): string[] {
  const count = Math.min(metadataNumber(header, `general.${kind}.count`) ?? 0, 1000);
  return Array.from({ length: count }, (_, index) => metadataString(header, `general.${kind}.${index}.repo_url`))
    .map((url) => repositoryName(url, prefix))
    .filter((name) => name !== undefined);
}

/** `org/name` in an address on huggingface.co. */
function repositoryName(url: string | undefined, prefix: string): string | undefined {
  const path = /^https?:\/\/huggingface\.co\/([\w.-]+(?:\/[\w.-]+){1,2})\/?$/.exec(url ?? "")?.[1];
  const name = path?.startsWith(prefix) ? path.slice(prefix.length) : path;
  return name !== undefined && isRepository(name) ? name : undefined;
}

const isRepository = (name: string) => repoId.test(name) && !isPathOrigin(name);
