import { resolve } from "node:path";
import { formatHubRef, parseHubRef } from "../../hub/hub-ref.js";
import type { Gating } from "../../hub/upload/repository.js";
import { isAddress, isShellPath } from "../../util/address.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import type { HubPublishOptions } from "./hub-options.js";
import type { FolderTarget } from "./publish-dir.js";

export type PublishTarget = ({ kind: "dir" } & FolderTarget) | ({ kind: "hub" } & HubPublishOptions);

/** Options of the command line; `to` is `dir:<path>` or `hf:<org>/<name>`, or omitted to use the recipe's target. */
export interface TargetText {
  to?: string;
  via?: string;
  private?: boolean;
  /** `auto`, `manual` or `false`. */
  gated?: string;
  collection?: string;
  sign?: boolean;
  replace?: boolean;
  removeOld?: boolean;
}

const publishModes = ["branch", "pr", "direct"] as const;

/**
 * Parses `--to` and its options. Missing options default to those of `recipeTarget`, the recipe's target: the address,
 * and for a repository `via`, `private`, `gated`, collection, signature and removal. Errors: QS-PUBLISH-TARGET, QS-USAGE.
 */
export function parseTarget(text: TargetText, recipeTarget?: PublishTarget): PublishTarget {
  const { via, private: isPrivate, gated, collection } = text;
  const { sign = recipeTarget?.sign, removeOld = recipeTarget?.removeOld } = text;
  const to = text.to ?? (recipeTarget && addressOf(recipeTarget));
  if (to === undefined) {
    throw new QuantsmithError("QS-USAGE", "the publish target is missing", {
      remedy: "Add `--to hf:<org>/<name>`, `--to dir:<path>`, or `--recipe` with a recipe that has `publish`.",
    });
  }
  const flags = {
    ...(sign === true && { sign }),
    ...(text.replace === true && { replace: true as const }),
    ...(removeOld === true && { removeOld }),
  };
  if (to.startsWith("dir:") && to.length > 4 && !isAddress(to.slice(4))) {
    if (isShellPath(to.slice(4))) {
      throw new QuantsmithError("QS-PUBLISH-TARGET", `\`~\` or a variable was not replaced in ${quote(to)}`, {
        remedy: "Write the path of the folder, or `dir:$HOME/folder` without single quotes.",
      });
    }
    const extra = [via, isPrivate, gated, collection].some((option) => option !== undefined);
    if (!extra) return { kind: "dir", path: resolve(to.slice(4)), ...flags };
    throw new QuantsmithError("QS-USAGE", "--via, --private, --gated and --collection require an hf: target", {
      remedy: "Remove these options, or publish to `hf:<org>/<name>`.",
    });
  }
  const repo = parseRepo(to);
  const kept = recipeTarget?.kind === "hub" ? recipeTarget : undefined;
  const mode = publishModes.find((known) => known === (via ?? kept?.via ?? "branch"));
  if (mode === undefined) {
    throw new QuantsmithError("QS-USAGE", `invalid --via ${quote(via ?? "")}`, {
      remedy: `Use ${publishModes.map((mode) => `\`${mode}\``).join(", ")}.`,
    });
  }
  const added = {
    ...(isPrivate === undefined ? {} : { private: isPrivate }),
    ...(gated === undefined ? {} : { gated: parseGating(gated) }),
    ...(collection === undefined ? {} : { collection }),
  };
  return { ...kept, kind: "hub", repo, via: mode, ...added, ...flags };
}

function parseGating(gated: string): Gating {
  if (gated === "auto" || gated === "manual") return gated;
  if (gated === "false") return false;
  throw new QuantsmithError("QS-USAGE", `invalid --gated ${quote(gated)}`, {
    remedy: "Use `auto`, `manual` or `false`.",
  });
}

function parseRepo(to: string): string {
  const ref = parseHubRef(to);
  if (ref === undefined) {
    throw new QuantsmithError("QS-PUBLISH-TARGET", `${quote(to)} is not a valid target`, {
      remedy: "Use `hf:<org>/<name>` or `dir:<path>`, such as `dir:/srv/models/my-model`.",
    });
  }
  const { repo, revision } = ref;
  if (revision === undefined) return repo;
  throw new QuantsmithError("QS-PUBLISH-TARGET", `a release cannot be published to a revision, found ${quote(to)}`, {
    remedy: `Use \`${formatHubRef({ repo })}\`; \`--via\` sets how main is updated.`,
  });
}

/** Returns the target in the format of `--to`. */
export function addressOf(target: PublishTarget): string {
  return target.kind === "hub" ? formatHubRef({ repo: target.repo }) : `dir:${target.path}`;
}

/** Requires a recipe's target. Errors: QS-PUBLISH-TARGET. */
export function requireTarget(target: PublishTarget | undefined, at: SourceLocation): PublishTarget {
  if (target !== undefined) return target;
  throw new QuantsmithError("QS-PUBLISH-TARGET", "the recipe has no `publish` target", {
    remedy: "Add `publish: { repo: org/name }` or `publish: { repo: dir:./folder }` to the recipe.",
    at,
  });
}
