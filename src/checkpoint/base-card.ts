import { parseForeignYaml } from "../util/yaml/parse-foreign-yaml.js";
import { licenseUrl } from "./license-url.js";

/** The fields of a model card's YAML front matter that a release uses. */
export interface BaseCard {
  /** Hub identifier such as `apache-2.0`; `other` comes with a name and a link. */
  license: string | null;
  licenseName: string | null;
  /** URL, or path of a file in the repository. */
  licenseLink: string | null;
  languages: readonly string[];
  /** Hub task such as `text-generation`. */
  pipelineTag: string | null;
  tags: readonly string[];
  /** Training data sets. */
  datasets: readonly string[];
  /** The model's own base models, `org/name`. */
  baseModels: readonly string[];
  /** Whether access to the repository requires consent to terms. */
  gated: boolean;
}

export const emptyCard: BaseCard = {
  license: null,
  licenseName: null,
  licenseLink: null,
  languages: [],
  pipelineTag: null,
  tags: [],
  datasets: [],
  baseModels: [],
  gated: false,
};

/** Published front matters have a few hundred lines at most. */
const maxCharacters = 64 * 1024;

/**
 * Parses the front matter of a model card. Ignores fields of an unexpected type; unreadable YAML gives an empty card,
 * because a third party's card must not fail a run.
 */
export function parseBaseCard(markdown: string): BaseCard {
  const yaml = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(\r?\n|$)/.exec(markdown)?.[1] ?? "";
  // Real cards use tabs for indentation, and the Hub accepts them.
  const data = yaml.length > maxCharacters ? undefined : parseForeignYaml(yaml.replaceAll("\t", "  "));
  if (typeof data !== "object" || data === null || Array.isArray(data)) return emptyCard;
  return baseCard(data as Record<string, unknown>);
}

/** Returns the fields of a front matter that a release uses; ignores those of an unexpected type. */
export function baseCard(fields: Record<string, unknown>): BaseCard {
  return {
    license: word(fields.license),
    licenseName: word(fields.license_name),
    licenseLink: link(fields.license_link),
    languages: words(fields.language),
    pipelineTag: word(fields.pipeline_tag),
    tags: words(fields.tags),
    datasets: words(fields.datasets),
    baseModels: words(fields.base_model),
    gated: Object.keys(fields).some((key) => key.startsWith("extra_gated_")),
  };
}

/** Control characters, lone surrogates, line and paragraph separators, and characters that YAML forbids. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/u;

/** Returns a value of one line and at most 500 characters, or null. */
function word(value: unknown): string | null {
  if (Array.isArray(value)) return word(value[0]);
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" || text.length > 500 || unprintable.test(text) ? null : text;
}

/** Returns an address of a web page, or a path. */
function link(value: unknown): string | null {
  const text = word(value) ?? "";
  return text === "" || (/^[a-z][a-z0-9+.-]*:/i.test(text) && licenseUrl(text, null) === null) ? null : text;
}

function words(value: unknown): string[] {
  const all = (Array.isArray(value) ? value : [value]).flatMap((item) => (typeof item === "string" ? [item] : []));
  return [...new Set(all.flatMap((item) => word(item) ?? []))].slice(0, 1000);
}
