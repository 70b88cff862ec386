/** A reference to a repository on the Hub: `hf:org/name` or `hf:org/name@revision`. */
export interface HubRef {
  /** `org/name`. */
  repo: string;
  /** Branch, tag, commit or `refs/pr/<n>`, if given. */
  revision?: string;
}

/** A file in a repository: `hf:org/name@revision/path`. */
export interface HubFileRef extends Required<HubRef> {
  path: string;
}

const namePart = String.raw`\w[\w.-]{0,95}`;

/** `org/name`. */
export const repoId = new RegExp(`^${namePart}/${namePart}$`);

/** A branch, tag, commit or `refs/pr/<n>`. No part starts with a dot, since the cache uses revisions as file names. */
export const revisionForm = /^\w[\w.-]*(\/[\w-][\w.-]*)*$/;

/** Parses `hf:org/name` or `hf:org/name@revision`. Returns undefined for any other text. */
export function parseHubRef(text: string): HubRef | undefined {
  const [, repo = "", written] = /^hf:([^@]*)(?:@(.*))?$/.exec(text) ?? [];
  if (!repoId.test(repo)) return undefined;
  if (written === undefined) return { repo };
  const revision = parseRevision(written);
  return revision === undefined ? undefined : { repo, revision };
}

/** Parses the same with or without `hf:`, for values that can only be a repository. */
export function parseHubName(text: string): HubRef | undefined {
  return parseHubRef(text.startsWith("hf:") ? text : `hf:${text}`);
}

/**
 * Parses `hf:org/name@revision/path`. Returns undefined for any other text. The revision ends at the first slash, as in
 * huggingface_hub's file system: one that contains slashes is written with `%2F`, except `refs/pr/<n>` and
 * `refs/convert/<name>`.
 */
export function parseHubFileRef(text: string): HubFileRef | undefined {
  const [, repo = "", written = "", path = ""] =
    /^hf:([^@]*)@(refs\/(?:pr\/\d+|convert\/\w+)(?=\/)|[^/]*)\/([^\s\\#?%]+)$/.exec(text) ?? [];
  const revision = parseRevision(written);
  if (!repoId.test(repo) || revision === undefined || revision === "refs") return undefined;
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) return undefined;
  return { repo, revision, path };
}

/**
 * Reads a GGUF file of a model repository: `hf:org/name/path/file.gguf`, with `@revision` behind the file or, as in
 * `parseHubFileRef`, behind the repository. Returns undefined for anything else.
 */
export function parseHubGgufRef(text: string): (HubRef & { path: string }) | undefined {
  const [, named = "", written] = /^hf:([^@]*\.gguf)(?:@(.*))?$/i.exec(text) ?? [];
  const revision = written === undefined ? "main" : parseRevision(written);
  if (revision === undefined) return undefined;
  const [org, name, ...path] = named.split("/");
  // The same rules for the path; the revision was read above, because it may contain slashes here.
  const file = parseHubFileRef(path.length === 0 ? text : `hf:${org}/${name}@main/${path.join("/")}`);
  if (file === undefined || !/\.gguf$/i.test(file.path)) return undefined;
  if (path.length === 0) return file;
  return { repo: file.repo, path: file.path, ...(written === undefined ? {} : { revision }) };
}

/** Formats a reference for `parseHubRef`. */
export function formatHubRef({ repo, revision }: HubRef): string {
  return `hf:${repo}${revision === undefined ? "" : `@${revision}`}`;
}

function parseRevision(written: string): string | undefined {
  const revision = written.replaceAll(/%2f/gi, "/");
  return revisionForm.test(revision) ? revision : undefined;
}
