import type { Settings } from "../recipe/settings.js";
import { addressOf, type PublishTarget } from "../stages/publish/target.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { realTarget } from "../util/real-target.js";

/** A model of a queue, before its plan. */
export interface QueueMember {
  settings: Settings;
  /** Only with `--publish`. */
  target?: PublishTarget;
  /** Takes over the tensors of the present release, of which only the metadata is out of date. */
  reusesTensors?: { sourceCommit: string };
}

/**
 * Requires that no two models of a queue have the same release folder or publish to the same place; upper and lower case
 * are not distinguished. Errors: QS-QUEUE-CLASH.
 */
export async function requireDistinct(members: readonly QueueMember[]): Promise<void> {
  const places = new Map<string, QueueMember>();
  for (const member of members) {
    const { settings, target } = member;
    const address = target === undefined ? [] : [{ what: "publish to", place: await placeOf(target), key: "publish" }];
    for (const { what, place, key } of [
      { what: "build the release", place: settings.name, key: "release" },
      ...address,
    ]) {
      const id = `${key} ${place.toLowerCase()}`;
      const other = places.get(id);
      places.set(id, member);
      if (other === undefined) continue;
      const files = `${describe(other)} and ${describe(member)}`;
      throw new QuantsmithError("QS-QUEUE-CLASH", `${files} both ${what} ${quote(place)}`, {
        remedy:
          key === "release"
            ? "Rename one of the recipe files, or list each once."
            : 'Change `publish.repo` in one of them; with `models`, write `{model}` in it, such as `repo: "me/{model}-GGUF"`.',
        at: settings.locate(key === "release" ? [] : ["publish", "repo"]),
      });
    }
  }
}

/** The address of a target; a folder's is its real path, since links can lead two paths to one folder. */
async function placeOf(target: PublishTarget): Promise<string> {
  if (target.kind === "hub") return addressOf(target);
  // A path that cannot be resolved fails when its model is published.
  return addressOf({ ...target, path: await realTarget(target.path).catch(() => target.path) });
}

function describe({ settings }: QueueMember): string {
  return `${settings.model.name} of ${settings.file}`;
}
