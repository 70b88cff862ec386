import { hubConnection, hubConnectionToWrite } from "../../hub/connection.js";
import type { QueueEntry } from "../../queue/queue-status.js";
import type { QueueMember } from "../../queue/require-distinct.js";
import type { Settings } from "../../recipe/settings.js";
import { type ErrorReport, errorFrom, errorReport } from "../../util/error-report.js";
import { type WatchedModel, watchModel } from "../../watch/watch-model.js";
import { interruptSignal } from "../interrupt.js";
import { loadAllSettings } from "../prepare-plan.js";
import { print, printError, printJson } from "../print.js";
import { loadQueued, readQueue } from "../read-queue.js";
import { runMembers } from "../run-members.js";
import { threadCount } from "../thread-count.js";
import { describeReason } from "../views/describe-reason.js";
import { queueTable } from "../views/queue-table.js";
import { watchLines } from "../views/watch-lines.js";
import { targetOf } from "./run.js";

export interface WatchOptions {
  out: string;
  apply?: boolean;
  threads?: string;
  json?: boolean;
  /** Path of a queue file, instead of recipes. */
  queue?: string;
}

/** Exit code for a release that is out of date. */
const outdatedExit = 10;

interface Watched {
  settings: Settings;
  found?: WatchedModel;
  error?: ErrorReport;
}

/** `quantsmith watch`: compares releases with their sources on the Hub; with `--apply`, proposes new ones. */
export async function watch(recipes: readonly string[], options: WatchOptions): Promise<void> {
  const queue = await readQueue("watch", recipes, options.queue);
  const all = await loadQueued(queue, (path, namedIn) => loadAllSettings(path, undefined, {}, namedIn));
  const signal = interruptSignal();
  const watched: Watched[] = [];
  const connect = options.apply === true ? hubConnectionToWrite : hubConnection;
  for (const settings of all) {
    try {
      const found = await watchModel(connect(), settings, options.out, signal);
      watched.push({ settings, found });
      if (options.json !== true) print(watchLines(found));
    } catch (error) {
      signal.throwIfAborted();
      watched.push({ settings, error: errorReport(error) });
      if (options.json !== true) printError(error, false);
    }
  }
  const applied = options.apply === true ? await apply(watched, options, signal, queue.maxDiskBytes) : [];
  if (options.json === true) {
    const models = watched.map(
      ({ settings, found, error }) => found ?? { name: settings.name, state: "failed", error },
    );
    printJson({ models, ...(options.apply === true ? { applied } : {}) });
  } else if (applied.length > 0) print(["", ...queueTable(applied)]);
  process.exitCode = exitCode(watched, applied);
}

/**
 * Builds the releases that are out of date and publishes them, an older one's successor as a pull request. Without a target,
 * the local release is replaced.
 */
async function apply(
  watched: readonly Watched[],
  { threads, ...options }: WatchOptions,
  signal: AbortSignal,
  maxDiskBytes: number | undefined,
): Promise<QueueEntry[]> {
  const run = { ...options, publish: true, executor: "local", threads: threadCount(threads) };
  const members: QueueMember[] = [];
  for (const { settings, found } of watched) {
    if (found === undefined || !isOutdated(found) || found.rebuild === "none") continue;
    const { target } = settings.publish?.target === undefined ? {} : await targetOf(settings, run);
    const proposes = target?.kind === "hub" && found.state === "outdated";
    members.push({
      settings: atCommit(settings, found),
      ...(found.rebuild === "header" && found.released !== null && { reusesTensors: { sourceCommit: found.released } }),
      ...(target && { target: proposes ? { ...target, via: "pr", reason: describeReason(found) } : target }),
    });
  }
  return members.length === 0 ? [] : runMembers(members, run, signal, maxDiskBytes);
}

/** The settings for the commit that was compared. */
function atCommit(settings: Settings, { commit }: WatchedModel): Settings {
  const { source } = settings.model;
  if (source.kind !== "hub" || commit === null) return settings;
  return { ...settings, model: { ...settings.model, source: { ...source, revision: commit } } };
}

function isOutdated({ state }: WatchedModel): boolean {
  return state === "outdated" || state === "unreleased";
}

/**
 * 0 if all releases are up to date or were applied, else the code of the first error, or 10: also while a pull request is
 * open, which anybody can open.
 */
function exitCode(watched: readonly Watched[], applied: readonly QueueEntry[]): number {
  const error = watched.find(({ error }) => error !== undefined)?.error ?? applied.find(({ error }) => error)?.error;
  if (error !== undefined) return errorFrom(error).exitCode;
  const done = new Set(applied.map(({ name }) => name));
  const isLeft = ({ settings, found }: Watched) =>
    found !== undefined && (isOutdated(found) || found.state === "proposed") && !done.has(settings.name);
  return watched.some(isLeft) ? outdatedExit : 0;
}
