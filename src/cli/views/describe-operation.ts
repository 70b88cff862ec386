import type { PublishOperation } from "../../stages/publish/operations.js";
import { formatBytes } from "../../util/bytes.js";

const notable: readonly PublishOperation["operation"][] = ["sign", "delete", "replace", "rename", "keep-branch"];

/** Whether a run names an operation before it publishes: it cannot be undone, or concerns files of others. */
export function isNotable({ operation }: PublishOperation): boolean {
  return notable.includes(operation);
}

/** Returns a line about an operation, in the imperative. */
export function describeOperation(operation: PublishOperation): string {
  switch (operation.operation) {
    case "sign":
      return `sign the release as ${operation.path}: Sigstore's public log will show the signer's identity permanently`;
    case "leave-out":
      return `leave out ${operation.path}: it does not cover the history of releases; \`--sign\` signs again`;
    case "create-repository":
      return operation.visibility === "default"
        ? "create the repository, public unless the organization's default is private"
        : `create the repository, ${operation.visibility}`;
    case "set-gating":
      return `set gated access to ${operation.gated}`;
    case "add":
    case "update":
      return `${operation.operation} ${operation.path} (${formatBytes(operation.bytes)})`;
    case "replace":
      return `replace (not ours) ${operation.path} (${formatBytes(operation.bytes)})`;
    case "rename":
      return `rename ${operation.path} (not ours) to ${operation.to}`;
    case "delete":
      return `delete ${operation.path}`;
    case "keep":
      return `keep ${operation.path} of an earlier release`;
    case "commit":
      return `commit to ${operation.revision}: ${operation.title}`;
    case "open-pull-request":
      return `open a pull request: ${operation.title}`;
    case "create-branch":
      return `create the branch ${operation.branch}`;
    case "delete-branch":
      return `delete the branch ${operation.branch}`;
    case "keep-branch":
      return `keep the branch ${operation.branch}, which has commits of others; delete it on the Hub if they are not needed`;
    case "add-to-collection":
      return `add to the collection ${operation.collection}`;
  }
}
