import type { Gating } from "../../hub/upload/repository.js";
import type { Warning } from "../../util/warnings.js";
import type { PublishOperation } from "./operations.js";
import type { ReleaseOptions } from "./release-options.js";

/** Options of publishing to the Hub. */
export interface HubPublishOptions extends ReleaseOptions {
  /** `org/name`. */
  repo: string;
  /** `branch`: a staging branch, then one commit on main. `pr`: a pull request. `direct`: one commit on main. */
  via: "branch" | "pr" | "direct";
  /**
   * True: create the repository as private, and reject a public one. False: create it as public, and allow a public release of
   * a private source. Absent: create it with the default visibility of the user or organization.
   */
  private?: boolean;
  /** Access requests of readers; undefined keeps the repository's setting. */
  gated?: Gating;
  /** Why the release is published, in Markdown, for the description of the commit or pull request. */
  reason?: string;
  /** Slug of a collection to add the repository to: `org/title-0123…`. */
  collection?: string;
}

export interface HubPublication {
  repo: string;
  url: string;
  via: HubPublishOptions["via"];
  /** Commit with the release, on main or the pull request; null in a dry run that would create one. */
  commit: string | null;
  /** Address of the pull request; null without one. */
  pullRequest: string | null;
  /** Operations in order; planned ones in a dry run. */
  operations: PublishOperation[];
  /** Bytes sent to large-file storage. */
  sentBytes: number;
  /** What the publisher should know; absent without any. */
  warnings?: Warning[];
}
