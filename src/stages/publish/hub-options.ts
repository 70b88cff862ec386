import type { Gating } from "../../hub/upload/repository.js";

/** How a release gets onto the Hub. */
export interface HubPublishOptions {
  /** `org/name`. */
  repo: string;
  /** Through a staging branch and one commit on main, as a pull request, or straight to main. */
  via: "branch" | "pr" | "direct";
  /** Create the repository private, and refuse one that is public. */
  private: boolean;
  /** Whether readers must ask for access; undefined leaves the repository's setting alone. */
  gated?: Gating;
  /** Slug of a collection to add the repository to: `org/title-0123…`. */
  collection?: string;
}

/** One thing that publishing does, for people and for `--dry-run`. */
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
  /** Commit that holds the release, on main or on the pull request; null after a dry run that would make one. */
  commit: string | null;
  /** The pull request's page; null when there is none. */
  pullRequest: string | null;
  /** What was done, or with a dry run would be, in this order. */
  operations: HubOperation[];
  /** Bytes sent to large-file storage. */
  sentBytes: number;
}
