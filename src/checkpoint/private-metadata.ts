import { quoteList } from "../util/quote.js";
import { hasSecret } from "../util/redact.js";
import type { Warning } from "../util/warnings.js";
import type { BaseCard } from "./base-card.js";

/** Paths of a machine: */
const machinePaths = [
  // as the whole value: absolute, with a drive, of a file server or of a home,
  /^(?:file:|[a-z]:[\\/]|\\\\|~(?:[a-z_][\w-]*)?[\\/]|\/[^/]*\/)/i,
  // with a parent folder, or with a variable of a home,
  /(?:^|[\\/])\.\.(?:[\\/]|$)|\$\{?HOME\b|%USERPROFILE%/,
  // within a text: absolute, but not an address of an API, as `/v1/models`; of a home, with a drive, or of a file server,
  /(?:^|[\s"'`([{<=,;|:])\/(?!(?:api|v\d+)\/)[\p{L}_][\p{L}\d_.-]*\/[\p{L}\d_.~-]/iu,
  /(?:^|[\s"'`([{<=,;|:])(?:~[\\/]\w|[a-z]:[\\/][\w .-]+[\\/]|\\\\[\w.-]+\\\w|(?:file|smb|nfs|cifs|afp):\/)/i,
  // and after the host of an address, as llama.cpp's converter writes a local base model.
  /:\/\/[^\s/]+\/(?:[\\/]|~\/|[a-z]:[\\/])/i,
] as const;

/** Returns true for a value that no release repeats: a path of a machine, or a text with a password or a token. */
export function isPrivate(value: string): boolean {
  return machinePaths.some((path) => path.test(value.trim())) || hasSecret(value);
}

/** The fields of a card and their names in its front matter. */
const fields = {
  ...{ license: "license", licenseName: "license_name", licenseLink: "license_link", pipelineTag: "pipeline_tag" },
  ...{ languages: "language", tags: "tags", datasets: "datasets", baseModels: "base_model" },
} as const satisfies Partial<Record<keyof BaseCard, string>>;

/** Returns a card without private values. */
export function publicCard(card: BaseCard): BaseCard {
  const publicFields = Object.keys(fields).map((key) => {
    const value = card[key as keyof typeof fields];
    if (Array.isArray(value)) return [key, value.filter((item) => !isPrivate(item))];
    return [key, typeof value === "string" && isPrivate(value) ? null : value];
  });
  return { ...card, ...Object.fromEntries(publicFields) };
}

/** Returns the warning about a card's private values; empty without any. */
export function privateCardWarning(card: BaseCard): Warning[] {
  const names = Object.entries(fields).flatMap(([key, name]) =>
    [card[key as keyof typeof fields]].flat().some((value) => value !== null && isPrivate(value)) ? [name] : [],
  );
  return privateWarning("the model card", names);
}

/** Returns the warning that private values of a source are not in the release; empty without any. */
export function privateWarning(source: string, names: readonly string[]): Warning[] {
  if (names.length === 0) return [];
  return [
    {
      code: "QW-METADATA-PRIVATE",
      message: `${source} has a path of a machine, a password or a token in ${quoteList(names, "and")}, which the release leaves out`,
      remedy: "Correct the source, and revoke a password or token if it was published.",
    },
  ];
}
