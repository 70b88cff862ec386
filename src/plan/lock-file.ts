import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { backendKinds } from "../llamacpp/compute/compute.js";
import { isForeign } from "../recipe/yaml/is-foreign.js";
import { requireVisibleYaml } from "../recipe/yaml/require-visible-yaml.js";
import { canonicalJson, type Json, type JsonObject } from "../util/canonical-json.js";
import { QuantsmithError } from "../util/errors.js";
import { isJsonObject, jsonDifferences } from "../util/json-differences.js";
import { readRegular } from "../util/regular-file.js";
import { parseForeignYaml } from "../util/yaml/parse-foreign-yaml.js";
import type { Plan } from "./plan.js";

/** Pinned inputs of an earlier run: a release's `recipe.lock.yaml`, or a copy of it beside the recipe. */
export interface LockFile {
  path: string;
  content: JsonObject;
  /** Whether errors repeat no text of it, see `isForeign`. */
  isForeign: boolean;
}

/** Recorded for `watch` and `publish`; decides no other file. */
const readerPaths = ["model.private", "model.gated", "privateDatasets", "publish", "publish.private", "publish.gated"];

/** Far above the names of many shards. */
const maxLockBytes = 2 ** 20;

/**
 * Returns the first of these files that exists, each with the folder of the path that names it; undefined without one.
 * Errors: QS-LOCK-MISSING for an invalid file, QS-RECIPE-YAML for a hidden one, see `requireVisibleYaml`.
 */
export async function findLockFile(files: readonly { path: string; folder: string }[]): Promise<LockFile | undefined> {
  for (const { path, folder } of files) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    await requireVisibleYaml(path, join(folder, basename(path)), path);
    const content = await readYaml(path);
    if (!isJsonObject(content) || !isJson(content) || content.version !== 1) {
      throw new QuantsmithError("QS-LOCK-MISSING", `${path} is not a recipe.lock.yaml of this version`, {
        remedy: "Copy the `recipe.lock.yaml` of a release, or remove the file.",
        at: { file: path },
      });
    }
    return { path, content, isForeign: await isForeign(path, folder) };
  }
  return undefined;
}

/** False for a value that YAML has and JSON lacks: an infinite number, or none. */
function isJson(content: JsonObject): boolean {
  try {
    canonicalJson(content);
    return true;
  } catch {
    return false;
  }
}

/**
 * Throws QS-LOCK-MOVED if any pinned input changed: commit, digests of the model's files and of the texts, merged
 * settings, tool versions, kind of backend.
 */
export function requireLocked(plan: Plan, lock: LockFile): void {
  requireBackend(plan, lock);
  const changes = lockChanges(plan, lock);
  if (changes.length === 0) return;
  const shown = changes.slice(0, 5).join("; ");
  const more = changes.length > 5 ? `; and ${changes.length - 5} more` : "";
  throw new QuantsmithError("QS-LOCK-MOVED", `the plan differs from the lock file ${lock.path}: ${shown}${more}`, {
    remedy: "Set the model's `revision` to the locked commit or undo the change, or run without `--locked`.",
    at: { file: lock.path },
  });
}

/** The other differences are shown only for the same backend, since they may follow from it. */
function requireBackend({ compute: { compute, reason } }: Plan, { path, content }: LockFile): void {
  const locked = content.compute === undefined ? "cpu" : memberOf(content.compute, "backend");
  const kind = backendKinds.find((known) => known === locked);
  if (kind === undefined || kind === compute.backend) return;
  const message = `the lock file ${path} is of a release computed with ${kind}, and this run would compute with ${compute.backend} (${reason}), which gives slightly different figures and files`;
  throw new QuantsmithError("QS-LOCK-MOVED", message, {
    remedy: `Use \`--device ${kind}\`, or run without \`--locked\`.`,
    at: { file: path },
  });
}

/** Returns a message for `plan` if the revision has moved since the lock file was written. */
export function movedRevision(plan: Plan, { path, content, isForeign }: LockFile): string | undefined {
  if (isForeign) return undefined;
  const then = memberOf(content.model, "commit");
  const now = memberOf(plan.report.params.lock.model, "commit");
  if (typeof then !== "string" || typeof now !== "string" || then === now) return undefined;
  return `the model's revision has moved: commit ${then.slice(0, 12)} in ${path}, now ${now.slice(0, 12)}`;
}

/** Returns the differences, as `model.commit: "abc" → "def"`, but no value of a member that is none of a lock file. */
function lockChanges(plan: Plan, lock: LockFile): string[] {
  // Converted to JSON, like the file, which drops undefined members.
  const now = JSON.parse(canonicalJson(plan.report.params.lock)) as JsonObject;
  const changes = jsonDifferences(lock.content, now).filter(({ path }) => !readerPaths.includes(path));
  if (lock.isForeign) {
    // Others choose which file it is, so not even its keys are shown.
    return [...new Set(changes.map(({ path, after }) => (after === undefined ? "other members" : path)))];
  }
  return changes.map(({ path, before, after }) =>
    after === undefined ? `${path}: only in the lock file` : `${path}: ${show(before)} → ${show(after)}`,
  );
}

function show(value: Json | undefined): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}

async function readYaml(path: string): Promise<Json | undefined> {
  try {
    return parseForeignYaml((await readRegular(path, maxLockBytes)).toString("utf8")) as Json | undefined;
  } catch {
    return undefined;
  }
}
