import type { Gating } from "../../hub/upload/repository.js";
import type { UploadHooks } from "../../hub/upload/upload-objects.js";
import type { RunReport } from "../../release/release-report.js";
import type { Warning } from "../../util/warnings.js";

/** An operation of publishing, also listed by `--dry-run`. */
export type PublishOperation =
  | { operation: "sign"; path: string }
  /** The folder's signature does not cover the history. */
  | { operation: "leave-out"; path: string }
  | { operation: "create-repository"; visibility: "private" | "public" | "default" }
  | { operation: "set-gating"; gated: Gating }
  /** `replace`: an update of a file that is not of a release of quantsmith. */
  | { operation: "add" | "update" | "replace"; path: string; bytes: number; sha256: string }
  | { operation: "delete"; path: string }
  /** A model file of an earlier release that this one lacks. */
  | { operation: "keep"; path: string }
  /** Gives the target folder another name, since it contains more than a release of the model. */
  | { operation: "rename"; path: string; to: string }
  | { operation: "commit"; revision: string; title: string }
  | { operation: "open-pull-request"; title: string }
  /** `keep-branch`: a branch with the name of a staging branch, but with commits of others. */
  | { operation: "create-branch" | "delete-branch" | "keep-branch"; branch: string }
  | { operation: "add-to-collection"; collection: string };

export interface PublishHooks extends UploadHooks {
  /** Called with the report of the verified folder before anything is changed; may throw. */
  onRelease?: (report: RunReport) => void;
  /** Called with operations before they are executed. */
  onPlan?: (operations: readonly PublishOperation[]) => void;
  /** Called with the warnings before anything is changed. */
  onWarnings?: (warnings: readonly Warning[]) => void;
  /** Called once while another process publishes to the same folder. */
  onWait?: (owner: string) => void;
}
