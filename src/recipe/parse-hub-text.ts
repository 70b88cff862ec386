import { parseHubFileRef } from "../hub/hub-ref.js";

/** A text file of a Hub data set, named in a recipe. */
export interface HubText {
  /** `org/dataset@revision/path`, equal for all spellings. */
  ref: string;
  /** `org/dataset`. */
  dataset: string;
  revision: string;
  /** The file in the repository. */
  path: string;
  /** The file in the archive `path`; null for a plain file. */
  member: string | null;
  /** Required sha256 of `path`, 64 hexadecimal digits; null if only the revision pins the content. */
  sha256: string | null;
}

/** Parses `hf:org/dataset@revision/path[.zip/file][#sha256=…]`; undefined for other text. */
export function parseHubText(text: string): HubText | undefined {
  const [, named = "", sha256] = /^(.*?)(?:#sha256=([0-9a-f]{64}))?$/i.exec(text) ?? [];
  const file = parseHubFileRef(named);
  if (file === undefined) return undefined;
  const { repo: dataset, revision, path: whole } = file;
  const [, archive, member] = /^(.+?\.zip)\/(.+)$/i.exec(whole) ?? [];
  return {
    ref: `${dataset}@${revision}/${whole}`,
    dataset,
    revision,
    path: archive ?? whole,
    member: member ?? null,
    sha256: sha256?.toLowerCase() ?? null,
  };
}
