import { join } from "node:path";

/** Where the Hugging Face cache keeps one repository: `models--org--name`, `datasets--org--name`, and what lies in it. */
export interface RepoCache {
  folder: string;
  /** Content by digest. */
  blobs: string;
  /** Lock files, outside the repository's folder as Python's are. */
  locks: string;
  /** The file that holds the commit a branch or tag pointed to when it was last fetched. */
  ref(revision: string): string;
  /** The folder of links from file names to blobs. */
  snapshot(commit: string): string;
  /** What the repository holds at a commit, all of it. */
  tree(commit: string): string;
}

/** The layout that huggingface_hub documents and its tools share. `repo` is `org/name` or `datasets/org/name`, already checked. */
export function repoCache(cacheFolder: string, repo: string): RepoCache {
  const name = (repo.startsWith("datasets/") ? repo : `models/${repo}`).replaceAll("/", "--");
  const folder = join(cacheFolder, name);
  return {
    folder,
    blobs: join(folder, "blobs"),
    locks: join(cacheFolder, ".locks", name),
    ref: (revision) => join(folder, "refs", revision),
    snapshot: (commit) => join(folder, "snapshots", commit),
    tree: (commit) => join(folder, "trees", `${commit}.json`),
  };
}
