import { rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { listFiles } from "../util/files.js";
import { type LockOptions, removeGoneLocks, waitForLock, withLock } from "../util/lock.js";
import { activeScratch } from "../util/scratch.js";
import { listInstalled } from "./installed-release.js";
import type { StepRecord } from "./record.js";
import { type OnMoved, Store } from "./store.js";
import type { Workspace } from "./workspace.js";

export interface CacheEntry {
  key: string;
  step: string;
  recipe: string;
  /** Bytes of its present files; a hard link counts for the entry that created the file. */
  bytes: number;
  lastUsed: Date;
}

/** What to keep: recently used entries up to a size, entries used within some days, or entries behind the releases. */
export type KeepRule = { kind: "bytes"; bytes: number } | { kind: "days"; days: number } | { kind: "release" };

export interface RemovalHooks extends LockOptions {
  onMoved?: OnMoved;
}

/** Returns the finished steps in the store, last used first. */
export async function listCache(workspace: Workspace): Promise<CacheEntry[]> {
  const store = new Store(workspace);
  const known = await store.records();
  known.sort((a, b) => b.lastUsed.getTime() - a.lastUsed.getTime());
  const counted = new Set<string>();
  const entries: CacheEntry[] = [];
  // Creators of a file come before steps that only link to it, so that the file counts for its creator.
  const oldestFirst = [...known].sort((a, b) => (a.record.finished < b.record.finished ? -1 : 1));
  const bytes = new Map<string, number>();
  for (const { record } of oldestFirst) bytes.set(record.key, countBytes(record, counted));
  for (const { record, lastUsed } of known) {
    const { key, step, recipe } = record;
    entries.push({ key, step, recipe, bytes: bytes.get(key) ?? 0, lastUsed });
  }
  return entries;
}

function countBytes(record: StepRecord, counted: Set<string>): number {
  let sum = 0;
  for (const { inode, bytes, dropped } of record.outputs) {
    if (dropped || counted.has(inode)) continue;
    counted.add(inode);
    sum += bytes;
  }
  return sum;
}

/**
 * Removes finished steps that the rule does not keep, and garbage. Returns the removed steps.
 * Errors: QS-CACHE-BUSY while a run uses the store.
 */
export async function collectCache(
  workspace: Workspace,
  rule: KeepRule,
  hooks: RemovalHooks = {},
): Promise<CacheEntry[]> {
  return whileIdle(workspace, hooks, async (requireHeld) => {
    const store = new Store(workspace);
    await store.collectGarbage(requireHeld);
    const entries = await listCache(workspace);
    const kept = await keysToKeep(entries, rule, workspace, store);
    const removed = entries.filter(({ key }) => !kept.has(key));
    for (const { record } of await store.records()) {
      requireHeld();
      if (!kept.has(record.key)) await store.remove(record.fingerprint.stage, record.key, hooks.onMoved);
    }
    await removeGoneLocks(workspace.locks);
    requireHeld();
    // Stays if it contains something else.
    await rmdir(workspace.locks).catch(() => undefined);
    return removed;
  });
}

/**
 * Runs work that removes steps; runs that start meanwhile wait for its end. The work calls `requireHeld` before each removal: if
 * this process was suspended, they no longer wait. Throws QS-CACHE-BUSY then, and while a run uses the store.
 */
export async function whileIdle<T>(
  workspace: Workspace,
  lock: LockOptions,
  work: (requireHeld: () => void) => Promise<T>,
): Promise<T> {
  const requireIdle = (isIdle: boolean) => {
    if (isIdle) return;
    throw new QuantsmithError("QS-CACHE-BUSY", `a run is using the store in ${workspace.store}`, {
      remedy: "Wait for that run or stop it, then try again.",
    });
  };
  return withLock(removalLock(workspace), lock, async ({ isHeld }) => {
    const others = (await activeScratch(workspace.tmp)).filter((name) => !workspace.scratch.endsWith(name));
    requireIdle(others.length === 0);
    return work(() => requireIdle(isHeld()));
  });
}

/**
 * Waits while another process removes steps; if that one was suspended, it removes nothing more. A process that starts later
 * sees the scratch folder of this one. Errors: QS-ENV-LOCK, the reason of `signal`.
 */
export async function waitForRemoval(workspace: Workspace, options: LockOptions): Promise<void> {
  await waitForLock(removalLock(workspace), options);
}

/** Not below the store: the folder of its locks is removed, too. */
function removalLock({ tmp }: Workspace): string {
  return join(tmp, "removal.lock");
}

async function keysToKeep(
  entries: readonly CacheEntry[],
  rule: KeepRule,
  workspace: Workspace,
  store: Store,
): Promise<Set<string>> {
  if (rule.kind === "release") return keysOfReleases(workspace, store);
  if (rule.kind === "days") {
    const since = Date.now() - rule.days * 24 * 3600 * 1000;
    return new Set(entries.filter(({ lastUsed }) => lastUsed.getTime() >= since).map(({ key }) => key));
  }
  let room = rule.bytes;
  const kept = new Set<string>();
  for (const { key, bytes } of entries) {
    room -= bytes;
    if (room < 0) break;
    kept.add(key);
  }
  return kept;
}

/** Returns the keys of the package steps behind the release folders, and of all steps upstream of them. */
async function keysOfReleases(workspace: Workspace, store: Store): Promise<Set<string>> {
  const records = new Map((await store.records()).map(({ record }) => [record.key, record]));
  const inodes = await releasedInodes(workspace);
  // A release on another disk has no hard links to the store.
  const installed = new Set((await listInstalled(workspace)).map(({ sha256 }) => sha256));
  const kept = new Set<string>();
  const keep = (key: string) => {
    const record = records.get(key);
    if (record === undefined || kept.has(key)) return;
    kept.add(key);
    for (const input of Object.values(record.fingerprint.inputs)) {
      const upstream = /^step:([0-9a-f]+)\//.exec(input)?.[1];
      if (upstream !== undefined) keep(upstream);
    }
  };
  for (const record of records.values()) {
    const models = record.outputs.filter(({ path }) => path.endsWith(".gguf"));
    const isReleased = models.every(({ inode, sha256 }) => inodes.has(inode) || installed.has(sha256));
    if (record.fingerprint.stage === "package" && models.length > 0 && isReleased) keep(record.key);
  }
  return kept;
}

async function releasedInodes(workspace: Workspace): Promise<Set<string>> {
  const files = await listFiles(workspace.releases);
  const inodes = files.map(async (file) => {
    // A link whose target is missing, or on a disk that is not mounted, keeps nothing.
    const found = await stat(join(workspace.releases, file), { bigint: true }).catch(() => undefined);
    return found === undefined ? [] : [String(found.ino)];
  });
  return new Set((await Promise.all(inodes)).flat());
}
