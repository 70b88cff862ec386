import { stat } from "node:fs/promises";
import { type CacheEntry, collectCache, type KeepRule, listCache, type RemovalHooks } from "../../engine/cache.js";
import { describeMoved } from "../../engine/store.js";
import { trimStore } from "../../engine/trim-store.js";
import { openWorkspace, workspaceAt } from "../../engine/workspace.js";
import { formatBytes, parseBytes } from "../../util/bytes.js";
import { count } from "../../util/count.js";
import { DigestCache } from "../../util/digest-cache.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { announceHashing, loadSettings, type PlanOptions, preparePlan } from "../prepare-plan.js";
import { note, print, printJson, textTable } from "../print.js";

export interface CacheOptions {
  out: string;
  json?: boolean;
}

/** `quantsmith cache ls`: lists finished steps and their sizes. */
export async function cacheList(options: CacheOptions): Promise<void> {
  const entries = await listCache(workspaceAt(options.out));
  if (options.json === true) return printJson({ entries });
  print(textTable(["Step", "Recipe", "Size", "Last used", "Key"], entries.map(cells)));
  print(["", `${count(entries.length, "step")}, ${formatBytes(total(entries))}`]);
}

/** `quantsmith cache gc --keep <rule>`: removes all steps that the rule does not keep. */
export async function cacheCollect(options: CacheOptions & { keep: string }): Promise<void> {
  const rule = parseRule(options.keep);
  await requireStore(options.out);
  const workspace = await openWorkspace(options.out);
  try {
    const removed = await collectCache(workspace, rule, hooks);
    if (options.json === true) return printJson({ removed });
    if (removed.length > 0)
      print([...textTable(["Step", "Recipe", "Size", "Last used", "Key"], removed.map(cells)), ""]);
    print(`Removed ${count(removed.length, "step")}, ${formatBytes(total(removed))}`);
  } finally {
    await workspace.close();
  }
}

/** `quantsmith cache trim`: removes steps that the next CI job does not need. */
export async function cacheTrim(recipe: string, options: PlanOptions & { json?: boolean }): Promise<void> {
  const { shared, variant } = options;
  if ((shared === true) === (variant !== undefined)) {
    throw new QuantsmithError("QS-USAGE", "cache trim requires --shared or --variant", {
      remedy: "Pass the same option as in the preceding `quantsmith run`.",
    });
  }
  const settings = await loadSettings(recipe, options.pipeline, options);
  const digests = new DigestCache(announceHashing);
  const subset = await preparePlan(settings, options, digests);
  const { shared: _shared, variant: _variant, ...whole } = options;
  const plan = await preparePlan(settings, whole, digests);
  const built = subset.steps.filter((step) => step.mode === "build" && (shared === true || step.variant !== undefined));
  const workspace = await openWorkspace(options.out);
  try {
    const left = await trimStore(plan, new Set(built.map(({ id }) => id)), workspace, hooks);
    if (options.json === true) return printJson(left);
    print(`Kept ${count(left.steps.length, "step")}, ${formatBytes(left.bytes)}`);
  } finally {
    await workspace.close();
  }
}

const hooks: RemovalHooks = {
  onWait: (owner) => note(`waiting for another process that removes steps: ${owner}`),
  onMoved: (path) => note(describeMoved(path)),
};

/** Fails for a folder that is not an output folder, in which `openWorkspace` would create folders. */
async function requireStore(out: string): Promise<void> {
  const found = await stat(workspaceAt(out).store).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new QuantsmithError("QS-USAGE", `${quote(out)} contains no steps of a run`, {
    remedy: "Set the output folder of the runs with `--out`.",
  });
}

function cells({ step, recipe, bytes, lastUsed, key }: CacheEntry): string[] {
  return [step, recipe, formatBytes(bytes), lastUsed.toISOString().slice(0, 16).replace("T", " "), key.slice(0, 12)];
}

function total(entries: readonly CacheEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

function parseRule(text: string): KeepRule {
  if (text === "release") return { kind: "release" };
  const days = /^(\d+)\s*(d|days?)$/.exec(text)?.[1];
  if (days !== undefined) return { kind: "days", days: Number(days) };
  const bytes = parseBytes(text);
  if (bytes !== undefined) return { kind: "bytes", bytes };
  throw new QuantsmithError("QS-USAGE", `invalid value ${quote(text)} of --keep`, {
    remedy: "Give a size such as `20GB`, an age such as `30d`, or `release` for the steps of the releases.",
  });
}
