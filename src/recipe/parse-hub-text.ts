import { parseHubFileRef } from "../hub/hub-ref.js";

/** A text file of a Hub data set, as a recipe names it. */
export interface HubText {
  /** `org/dataset@revision/path`, the same for every way to write it. */
  ref: string;
  /** `org/dataset`. */
  dataset: string;
  revision: string;
  /** The file in the repository. */
  path: string;
  /** The file in the archive that `path` is; null for a plain file. */
  member: string | null;
  /** What the content of `path` must be, 64 hexadecimal digits; null when only the revision pins it. */
  sha256: string | null;
}

/** Reads `hf:org/dataset@revision/path[.zip/file][#sha256=…]`; undefined for anything else. */
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
