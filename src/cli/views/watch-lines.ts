import type { PullRequest } from "../../hub/upload/pull-requests.js";
import type { WatchedModel } from "../../watch/watch-model.js";
import { shortCommit } from "./describe-reason.js";

const rebuilds = {
  none: "",
  header: "New metadata is enough: `quantsmith watch --apply` keeps the tensors and figures of the release.",
  requantize: "The variants must be built again.",
};

/** Returns lines about a watched model: its state, what changed, and what that requires. */
export function watchLines({
  name,
  source,
  state,
  released,
  commit,
  changes,
  rebuild,
  pullRequest,
}: WatchedModel): string[] {
  const place = `${source} at ${shortCommit(commit)}`;
  if (state === "unwatched") return [`${name}: not watched, since its source is local`];
  if (state === "unreleased") return [`${name}: no release found; the source is ${place}`];
  const since = released === commit ? "" : `, released from ${shortCommit(released)}`;
  if (state === "current") return [`${name}: up to date with ${place}${since}`];
  return [
    `${name}: out of date; the source is ${place}${since}`,
    ...changes.map(({ aspect, message }) => `  ${aspect}: ${message}`),
    ...(rebuilds[rebuild] === "" ? [] : [`  ${rebuilds[rebuild]}`]),
    ...(pullRequest === undefined ? [] : [`  ${proposalLine(pullRequest, state === "proposed")}`]),
  ];
}

function proposalLine({ number, author }: PullRequest, isOwn: boolean): string {
  const opened = `Pull request ${number} of ${author ?? "a deleted account"} contains a release of this commit`;
  return isOwn ? `${opened}.` : `${opened}. It is not of your account, so \`--apply\` ignores it.`;
}
