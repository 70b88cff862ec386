import { markdownText } from "../../report/markdown.js";
import type { WatchedModel } from "../../watch/watch-model.js";

/** Returns the reason for a new release, in Markdown, for its pull request. Texts of the source's model card are escaped. */
export function describeReason({ source, released, commit, changes }: WatchedModel): string {
  const commits = `${shortCommit(released)} → ${shortCommit(commit)}`;
  const lines = changes.map(({ aspect, message }) => `- ${aspect}: ${markdownText(message)}`);
  return [
    `The source ${markdownText(source ?? "")} has changed since the last release (commit ${commits}):`,
    "",
    ...lines,
  ].join("\n");
}

/** Returns the first characters of a commit. */
export function shortCommit(commit: string | null): string {
  return commit === null ? "unknown" : commit.slice(0, 12);
}
