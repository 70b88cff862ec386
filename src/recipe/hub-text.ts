/** A text file of a Hub data set, as a recipe names it. */
export interface HubText {
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

const form =
  /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)@([A-Za-z0-9][\w.-]*)\/([^\s\\#?%]+)(?:#sha256=([0-9a-f]{64}))?$/i;

/** Reads `hf:org/dataset@revision/path[.zip/file][#sha256=…]`; undefined for anything else. */
export function hubText(text: string): HubText | undefined {
  const [, dataset, revision, whole, sha256] = form.exec(text) ?? [];
  if (dataset === undefined || revision === undefined || whole === undefined) return undefined;
  if (whole.split("/").some((part) => part === "" || part === "." || part === "..")) return undefined;
  const [, archive, member] = /^(.+?\.zip)\/(.+)$/i.exec(whole) ?? [];
  return {
    dataset,
    revision,
    path: archive ?? whole,
    member: member ?? null,
    sha256: sha256?.toLowerCase() ?? null,
  };
}
