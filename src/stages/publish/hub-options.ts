import type { Gating } from "../../hub/upload/repository.js";

/** Options of publishing to the Hub. */
export interface HubPublishOptions {
  /** `org/name`. */
  repo: string;
  /** `branch`: a staging branch, then one commit on main. `pr`: a pull request. `direct`: one commit on main. */
  via: "branch" | "pr" | "direct";
  /** Create the repository as private, and reject a public one. */
  private: boolean;
  /** Access requests of readers; undefined keeps the repository's setting. */
  gated?: Gating;
  /** Slug of a collection to add the repository to: `org/title-0123…`. */
  collection?: string;
}

/** An operation of publishing, also listed by `--dry-run`. */
export type HubOperation =
  | { operation: "sign"; path: string }
  | { operation: "create-repository"; visibility: "private" | "public" }
  | { operation: "set-gating"; gated: Gating }
  | { operation: "add" | "update"; path: string; bytes: number; sha256: string }
  | { operation: "delete"; path: string }
  | { operation: "commit"; revision: string; title: string }
  | { operation: "open-pull-request"; title: string }
  | { operation: "create-branch" | "delete-branch"; branch: string }
  | { operation: "add-to-collection"; collection: string };

export interface HubPublication {
  repo: string;
  url: string;
  via: HubPublishOptions["via"];
  /** Commit with the release, on main or the pull request; null in a dry run that would create one. */
  commit: string | null;
  /** Address of the pull request; null without one. */
  pullRequest: string | null;
  /** Operations in order; planned ones in a dry run. */
  operations: HubOperation[];
  /** Bytes sent to large-file storage. */
  sentBytes: number;
}
