import type { WatchedModel } from "./watch-model.js";

/** Returns the reason for a new release, in Markdown, for its pull request. */
export function describeReason({ source, released, commit, changes }: WatchedModel): string {
  const commits = `${shortCommit(released)} → ${shortCommit(commit)}`;
  const lines = changes.map(({ aspect, message }) => `- ${aspect}: ${message}`);
  return [`The source ${source} has changed since the last release (commit ${commits}):`, "", ...lines].join("\n");
}

/** Returns the first characters of a commit. */
export function shortCommit(commit: string | null): string {
  return commit === null ? "unknown" : commit.slice(0, 12);
}
