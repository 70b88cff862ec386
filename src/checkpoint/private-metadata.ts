import { quoteList } from "../util/quote.js";
import { hasSecret } from "../util/redact.js";
import type { Warning } from "../util/warnings.js";
import type { BaseCard } from "./base-card.js";
import { isPathLabel, isPathLink, isPathOrigin, isPathTag } from "./path-origin.js";

/** No character of a word, a number, a relative path or an address, after which a path starts. */
const start = String.raw`(?<![\p{L}\p{M}\p{N}./\\~])`;

/** As `start`, also not after a bracket, a percent sign, `C++`, `C#` or a hyphen of a word, as in `C++/Go/Rust`. */
const slashStart = String.raw`${start}(?<![)\]}%]|\+\+|\b[cf]#|[\p{L}\p{N}]-)`;

/** The start of an address of an API, as `/v1/models`. */
const api =
  "api/v\\d\\w*/(?!home|root|mnt|users|scratch)|(?:api|v\\d\\w*)/(?:audio|batch|blobs|chat|completions?|datasets|embed|files|generate|images|messages|models|pull|rerank|responses|show|spaces|tags|tokenize|version)";

/** Paths of a machine: */
const machinePaths = [
  // as the whole value: absolute, with a drive, of a file server or of a home,
  /^(?:file:|[a-z]:[\\/]|\\\\|~(?:[a-z_][\w-]*)?[\\/]|\/[^/]*\/)/i,
  // with a parent folder, or with a variable,
  /(?:^|[\\/])\.\.(?:[\\/]|$)|\$\{?HOME\b|%USERPROFILE%/,
  /\$(?:[A-Z_][A-Z\d_]+|\{[A-Z_][A-Z\d_]*\})\/(?![^\s$]*\$(?![A-Z{]))|%[A-Za-z_]\w*(?:\(x86\))?%[\\/]|\$env:\w+[\\/]/,
  // or of a file server or another machine,
  /\b(?:file|smb|nfs|cifs|afp|sftp|scp|sshfs|rsync|(?:web)?hdfs|dbfs|lustre|ssh(?!:\/\/git@)):\//i,
  /(?<![\w./:@+-])[\w.+-]{1,64}(?<!\bgit)@(?:[a-z][\w.-]*|\d+(?:\.\d+){3}):(?!https?:|\d+(?:\W|$))[\w.~/]/i,
  // and after the host of an address, as llama.cpp's converter writes a local base model.
  /:\/\/[^\s/]+\/(?:[\\/]|~\/|[a-z]:[\\/])/i,
] as const;

/** Paths of a machine within a text, apart from its addresses: */
const pathsInText = [
  // absolute, but not an address of an API,
  new RegExp(String.raw`${slashStart}/(?!${api})\.?(?:\d[\d-]*)?[\p{L}_][\p{L}\p{M}\d_.-]*/[\p{L}\d_.~$-]`, "iu"),
  /(?<![\w./~-])\/(?:home|root|mnt|Users|scratch)(?![\w-])/,
  // of a home, with a drive, or of a file server.
  new RegExp(
    String.raw`${start}(?:~(?:[a-z_][\w-]*)?[\\/][\w.]|[a-z]:[\\/][\w .-]+[\\/]|\\\\[\w.-]+\\\w|//[\p{L}\d][\p{L}\d.-]*/[^\s/]+/[\p{L}\d_.~])`,
    "iu",
  ),
] as const;

/** An address up to its parameters or the end of a list's item. */
const addresses = /(?<![a-z\d])[a-z][a-z\d+.-]{0,32}:\/\/[^\s"'`<>|,;=?&]+/gi;

/** Returns true for a value that no release repeats: a path of a machine, or a text with a password or a token. */
export function isPrivate(value: string): boolean {
  const text = value.trim();
  if (machinePaths.some((path) => path.test(text)) || hasSecret(value)) return true;
  const withoutAddresses = text.replace(addresses, "x");
  return pathsInText.some((path) => path.test(withoutAddresses));
}

/** No name is longer, in characters; the patterns of paths overflow the stack on megabytes. */
const longestName = 1000;

function isPrivateName(value: string, isPath: (value: string) => boolean): boolean {
  return isPrivate(value) || value.length > longestName || isPath(value);
}

/** Returns true for a base model or a data set that no release repeats: also a relative path, and an address made of one. */
export const isPrivateOrigin = (value: string): boolean => isPrivateName(value, isPathOrigin);
/** Returns true for a tag that no release repeats. */
export const isPrivateTag = (value: string): boolean => isPrivateName(value, isPathTag);
/** Returns true for a link to a licence that no release repeats. */
export const isPrivateLink = (value: string): boolean => isPrivateName(value, isPathLink);
/** Returns true for a language or the name of a licence that no release repeats. */
export const isPrivateLabel = (value: string): boolean => isPrivateName(value, isPathLabel);

/** The fields of a card and their names in its front matter. */
const fields = {
  ...{ license: "license", licenseName: "license_name", licenseLink: "license_link", pipelineTag: "pipeline_tag" },
  ...{ languages: "language", tags: "tags", datasets: "datasets", baseModels: "base_model" },
} as const satisfies Partial<Record<keyof BaseCard, string>>;

/** Checks of fields whose values can be relative paths, which others cannot. */
const checks: Readonly<Partial<Record<string, (value: string) => boolean>>> = {
  ...{ baseModels: isPrivateOrigin, datasets: isPrivateOrigin, tags: isPrivateTag, licenseLink: isPrivateLink },
  ...{ languages: isPrivateLabel, licenseName: isPrivateLabel },
};

const checkOf = (field: string) => checks[field] ?? isPrivate;

/** Returns a card without private values. */
export function publicCard(card: BaseCard): BaseCard {
  const publicFields = Object.keys(fields).map((key) => {
    const value = card[key as keyof typeof fields];
    const isHidden = checkOf(key);
    if (Array.isArray(value)) return [key, value.filter((item) => !isHidden(item))];
    return [key, typeof value === "string" && isHidden(value) ? null : value];
  });
  return { ...card, ...Object.fromEntries(publicFields) };
}

/** Returns the warning about a card's private values; empty without any. */
export function privateCardWarning(card: BaseCard): Warning[] {
  const names = Object.entries(fields).flatMap(([key, name]) =>
    [card[key as keyof typeof fields]].flat().some((value) => value !== null && checkOf(key)(value)) ? [name] : [],
  );
  return privateWarning("the model card", names);
}

/** Returns the warning that private values of a source are not in the release; empty without any. */
export function privateWarning(source: string, names: readonly string[]): Warning[] {
  if (names.length === 0) return [];
  return [
    {
      code: "QW-METADATA-PRIVATE",
      message: `${source} has a path of a machine, a private address, a password or a token in ${quoteList(names, "and")}, which the release leaves out`,
      remedy: "Correct the source, and revoke a password or token if it was published.",
    },
  ];
}
