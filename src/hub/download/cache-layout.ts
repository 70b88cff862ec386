import { join } from "node:path";

/** Paths of one repository in the Hugging Face cache. */
export interface RepoCache {
  /** The cache folder itself. */
  root: string;
  /** `models--org--name` or `datasets--org--name`. */
  folder: string;
  /** Folder of file contents, named by digest. */
  blobs: string;
  /** Folder of lock files, outside the repository's folder as in huggingface_hub. */
  locks: string;
  /** File with the commit of a branch or tag at its last fetch. */
  ref(revision: string): string;
  /** Folder of links from file names to blobs. */
  snapshot(commit: string): string;
  /** Journal of the unfinished upload of a file by its sha256; beside the locks, where huggingface_hub expects no repository. */
  upload(sha256: string): string;
  /** Complete listing of the repository at a commit. */
  tree(commit: string): string;
}

/** Returns the paths in huggingface_hub's layout. `repo` is a validated `org/name` or `datasets/org/name`. */
export function repoCache(cacheFolder: string, repo: string): RepoCache {
  const name = (repo.startsWith("datasets/") ? repo : `models/${repo}`).replaceAll("/", "--");
  const folder = join(cacheFolder, name);
  const locks = join(cacheFolder, ".locks", name);
  return {
    root: cacheFolder,
    folder,
    blobs: join(folder, "blobs"),
    locks,
    ref: (revision) => join(folder, "refs", revision),
    snapshot: (commit) => join(folder, "snapshots", commit),
    upload: (sha256) => join(locks, `${sha256}.quantsmith.upload`),
    tree: (commit) => join(folder, "trees", `${commit}.json`),
  };
}
