import { parse } from "yaml";

/** What a model card's YAML front matter says about a model, as far as a release passes it on. */
export interface BaseCard {
  /** Identifier as on the Hub, such as `apache-2.0`; `other` has a name and a link. */
  license: string | null;
  licenseName: string | null;
  /** A URL, or a file of the repository. */
  licenseLink: string | null;
  languages: readonly string[];
  /** Task on the Hub, such as `text-generation`. */
  pipelineTag: string | null;
  tags: readonly string[];
  /** Data sets the model was trained on. */
  datasets: readonly string[];
  /** What it was made from in its turn: `org/name`. */
  baseModels: readonly string[];
  /** Whether its repository asks visitors to agree to something first. */
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
 * Reads the front matter of a model card. Whatever in it is not of the expected kind is left out, and a card whose
 * YAML cannot be read says nothing: it is text from elsewhere, and no reason to stop.
 */
export function parseBaseCard(markdown: string): BaseCard {
  const yaml = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---[ \t]*(\r?\n|$)/.exec(markdown)?.[1] ?? "";
  const data = yaml.length > maxCharacters ? undefined : parsed(yaml);
  if (typeof data !== "object" || data === null || Array.isArray(data)) return emptyCard;
  const fields = data as Record<string, unknown>;
  return {
    license: word(fields.license),
    licenseName: word(fields.license_name),
    licenseLink: word(fields.license_link),
    languages: words(fields.language),
    pipelineTag: word(fields.pipeline_tag),
    tags: words(fields.tags),
    datasets: words(fields.datasets),
    baseModels: words(fields.base_model),
    gated: Object.keys(fields).some((key) => key.startsWith("extra_gated_")),
  };
}

function parsed(yaml: string): unknown {
  try {
    // Tabs for indentation occur in real cards, and the Hub takes them.
    return parse(yaml.replaceAll("\t", "  "), { logLevel: "silent" });
  } catch {
    return undefined;
  }
}

/** Control characters, halves of pairs, line and paragraph separators, and what YAML does not allow. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\uFFFE\uFFFF]/u;

/** One line of text, or null. */
function word(value: unknown): string | null {
  if (Array.isArray(value)) return word(value[0]);
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" || text.length > 500 || unprintable.test(text) ? null : text;
}

function words(value: unknown): string[] {
  const all = (Array.isArray(value) ? value : [value]).flatMap((item) => (typeof item === "string" ? [item] : []));
  return [...new Set(all.flatMap((item) => word(item) ?? []))].slice(0, 1000);
}
