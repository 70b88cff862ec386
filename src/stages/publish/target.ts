import { resolve } from "node:path";
import { formatHubRef, parseHubRef } from "../../hub/hub-ref.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import type { HubPublishOptions } from "./hub-options.js";

export type PublishTarget = ({ kind: "dir"; path: string } | ({ kind: "hub" } & HubPublishOptions)) & {
  /** Sign the release first, with the identity of the environment. */
  sign?: true;
};

/** How a command line says it; `to` is `dir:<path>` or `hf:<org>/<name>`, and may be left to a recipe. */
export interface TargetText {
  to?: string;
  via?: string;
  private?: boolean;
  collection?: string;
  sign?: boolean;
}

const publishModes = ["branch", "pr", "direct"] as const;

/**
 * Reads `--to` and the options that belong to it. What they do not say is as in `recipeTarget`, a recipe's target: where to, and of a
 * repository also how, whoever may read it, the collection and the signature. Errors: QS-PUBLISH-TARGET, QS-USAGE.
 */
export function parseTarget(text: TargetText, recipeTarget?: PublishTarget): PublishTarget {
  const { via, private: isPrivate, collection, sign = recipeTarget?.sign } = text;
  const to = text.to ?? (recipeTarget && addressOf(recipeTarget));
  if (to === undefined) {
    throw new QuantsmithError("QS-USAGE", "nothing says where to publish", {
      remedy: "Give --to hf:<user or organization>/<name> or dir:<path>, or --recipe with a recipe that has `publish`.",
    });
  }
  const signed = sign === true ? { sign } : {};
  if (to.startsWith("dir:") && to.length > 4) {
    const extra = [via, isPrivate, collection].some((option) => option !== undefined);
    if (!extra) return { kind: "dir", path: resolve(to.slice(4)), ...signed };
    throw new QuantsmithError("QS-USAGE", "--via, --private and --collection are for hf: targets", {
      remedy: "Leave them out; a folder is replaced as a whole.",
    });
  }
  const repo = parseRepo(to);
  const kept = recipeTarget?.kind === "hub" ? recipeTarget : undefined;
  const mode = publishModes.find((known) => known === (via ?? kept?.via ?? "branch"));
  if (mode === undefined) {
    throw new QuantsmithError("QS-USAGE", `--via ${via} is no way to publish`, {
      remedy: `The ways are ${publishModes.join(", ")}.`,
    });
  }
  const added = collection === undefined ? {} : { collection };
  return { ...kept, kind: "hub", repo, via: mode, private: isPrivate ?? kept?.private ?? false, ...added, ...signed };
}

function parseRepo(to: string): string {
  const ref = parseHubRef(to);
  if (ref === undefined) {
    throw new QuantsmithError("QS-PUBLISH-TARGET", `"${to}" is no place to publish to`, {
      remedy: "Write hf:<user or organization>/<name>, or dir:<path>, such as dir:/srv/models/my-model.",
    });
  }
  const { repo, revision } = ref;
  if (revision === undefined) return repo;
  throw new QuantsmithError("QS-PUBLISH-TARGET", `a release cannot be published to a revision, found "${to}"`, {
    remedy: `Write ${formatHubRef({ repo })}; --via sets how main is changed.`,
  });
}

/** As `--to` would say it. */
export function addressOf(target: PublishTarget): string {
  return target.kind === "hub" ? formatHubRef({ repo: target.repo }) : `dir:${target.path}`;
}

/** The target of a recipe. Errors: QS-PUBLISH-TARGET when it has none. */
export function requireTarget(target: PublishTarget | undefined, at: SourceLocation): PublishTarget {
  if (target !== undefined) return target;
  throw new QuantsmithError("QS-PUBLISH-TARGET", "the recipe does not say where to publish", {
    remedy: "Add `publish: { repo: org/name }` or `publish: { repo: dir:./folder }` to the recipe.",
    at,
  });
}
