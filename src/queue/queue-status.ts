import { join } from "node:path";
import * as z from "zod";
import { parseChecked, renderChecked } from "../util/checked-json.js";
import { errorCodes } from "../util/error-codes.js";
import type { ErrorReport } from "../util/error-report.js";
import { isMissing, QuantsmithError } from "../util/errors.js";
import { removeUnfinishedWrites, writeFileAtomic } from "../util/files.js";
import { isProcessAlive, processName } from "../util/process-identity.js";
import { readRegular } from "../util/regular-file.js";
import { systemFailure } from "../util/system-failure.js";
import { systemReason } from "../util/system-reason.js";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** A release at its target. */
const publishedRelease = z.object({
  /** Planned key of the package step. */
  key: digest,
  /** sha256 of the target with its settings. */
  target: digest,
  /** A folder, or a commit on the Hub; with the address of its pull request if it is in one. */
  place: z.union([
    z.object({ path: z.string() }),
    z.object({ repo: z.string(), commit: z.string(), pullRequest: z.string().optional() }),
  ]),
  /** sha256 of the SHA256SUMS at the target, whose card may have a history. */
  checksums: digest,
  /** sha256 of the local release's SHA256SUMS. */
  installed: digest,
  /** Folders in the store of the steps behind the release. */
  steps: z.array(z.string().regex(/^[a-z]+-[0-9a-f]{64}$/)),
  /** Whether the local release and its steps were removed to save space, or their removal has begun. */
  isDropped: z.boolean(),
  /** If it was dropped, only its steps were: the local release could not be removed. */
  isKept: z.boolean().optional(),
  /** A later queue did not find it at the place as it was published. */
  isGone: z.boolean().optional(),
});

export type PublishedRelease = z.output<typeof publishedRelease>;

const queueEntry = z.object({
  /** Name of the release, also of its folder. */
  name: z.string().regex(/^[^./][^/]*$/),
  /** Absolute path of the recipe. */
  recipe: z.string(),
  model: z.string(),
  /** `built`: finished without `--publish`. */
  state: z.enum(["waiting", "running", "built", "published", "failed"]),
  /** ISO time of the last change of the state. */
  since: z.iso.datetime(),
  /** Running steps. */
  steps: z.array(z.string()).optional(),
  error: z
    .object({ code: z.enum(Object.keys(errorCodes)), message: z.string(), remedy: z.string() })
    .loose()
    .optional(),
  /** The last publication of this model, also while it is built again. */
  published: publishedRelease.optional(),
});

/** A model of a queue. */
export type QueueEntry = Omit<z.output<typeof queueEntry>, "error"> & { error?: ErrorReport | undefined };

const statusFile = z.object({ format: z.literal(1), process: z.string(), models: z.array(queueEntry) });

export interface QueueStatus {
  /** Whether a process works on the queue; undefined for one of another machine. */
  isRunning: boolean | undefined;
  /** In order of priority. */
  models: QueueEntry[];
}

/** Returns the path of the status file of an output folder. */
export function statusPath(out: string): string {
  return join(out, "queue.json");
}

const remedy = "Move what is at this path, or set another folder with `--out`.";

/** Returns the status of the last queue of an output folder; undefined if there is none. Errors: QS-QUEUE-FILE. */
export async function readStatus(out: string): Promise<QueueStatus | undefined> {
  const path = statusPath(out);
  const text = await readRegular(path).catch((cause: unknown) => {
    if (isMissing(cause)) return undefined;
    throw new QuantsmithError("QS-QUEUE-FILE", `cannot read ${path}: ${systemReason(cause)}`, { remedy, cause });
  });
  if (text === undefined) return undefined;
  const found = statusFile.safeParse(parseChecked(text.toString("utf8")));
  // Somebody's own file, or the status of another version.
  if (!found.success) throw new QuantsmithError("QS-QUEUE-FILE", `${path} is not the status of a queue`, { remedy });
  const { process, models } = found.data;
  return { isRunning: isProcessAlive(process), models: models as QueueEntry[] };
}

/** Returns the error of a queue that lost its lock, as a suspended process can. */
export function takenOver(out: string): QuantsmithError {
  return new QuantsmithError("QS-QUEUE-LOCK", `another process took over the queue of ${out}`, {
    remedy: "Wait for that queue, then run this one again; the process or the machine was suspended.",
  });
}

/**
 * The status file of a running queue; every change is on the disk when its promise resolves. Requires the queue's lock: a write
 * without it fails with QS-QUEUE-LOCK.
 */
export class StatusFile {
  readonly #out: string;
  readonly #isHeld: () => boolean;
  readonly #models: Map<string, QueueEntry>;
  #written: Promise<void> = Promise.resolve();

  private constructor(out: string, models: readonly QueueEntry[], isHeld: () => boolean) {
    this.#out = out;
    this.#isHeld = isHeld;
    this.#models = new Map(models.map((entry) => [entry.name, entry]));
  }

  /** Starts a status with waiting models, and keeps what earlier queues of the folder have published. */
  static async open(
    out: string,
    members: readonly Pick<QueueEntry, "name" | "recipe" | "model">[],
    isHeld: () => boolean,
  ): Promise<StatusFile> {
    const before = new Map((await readStatus(out))?.models.map((entry) => [entry.name, entry]));
    const names = new Set(members.map(({ name }) => name));
    const waiting = members.map(({ name, recipe, model }): QueueEntry => {
      const { published } = before.get(name) ?? {};
      return { name, recipe, model, state: "waiting", since: now(), ...(published && { published }) };
    });
    const others = [...before.values()].filter(({ name, published }) => published !== undefined && !names.has(name));
    const file = new StatusFile(out, [...waiting, ...others], isHeld);
    await removeUnfinishedWrites(statusPath(out));
    await file.#write();
    return file;
  }

  get models(): QueueEntry[] {
    return [...this.#models.values()];
  }

  /** Returns a model of the queue. */
  entry(name: string): QueueEntry {
    const entry = this.#models.get(name);
    if (entry === undefined) throw new Error(`${name} is not in the queue`);
    return entry;
  }

  /** Changes a model's state; running steps and the error of the former state are removed. */
  async setState(
    name: string,
    state: QueueEntry["state"],
    { error, published = this.entry(name).published }: Pick<QueueEntry, "error" | "published"> = {},
  ): Promise<void> {
    const { recipe, model } = this.entry(name);
    const more = { ...(error && { error }), ...(published && { published }) };
    this.#models.set(name, { name, recipe, model, state, since: now(), ...more });
    await this.#write();
  }

  /** States that the local files of a published release are removed from now on. */
  async setDropped(name: string): Promise<void> {
    await this.#setPublished(name, { isDropped: true, isKept: false, isGone: false });
  }

  /** States that of these local files only the steps were removed. */
  setKept(name: string): Promise<void> {
    return this.#setPublished(name, { isKept: true });
  }

  /** States that a published release is no longer at its target as it was published. */
  setGone(name: string): Promise<void> {
    return this.#setPublished(name, { isGone: true });
  }

  async #setPublished(name: string, change: Partial<PublishedRelease>): Promise<void> {
    const entry = this.entry(name);
    if (entry.published === undefined) return;
    this.#models.set(name, { ...entry, published: { ...entry.published, ...change } });
    await this.#write();
  }

  /** Changes the running steps of a model. A failed write, such as on a full disk, does not stop the run. */
  setSteps(name: string, steps: readonly string[]): void {
    this.#models.set(name, { ...this.entry(name), steps: [...steps] });
    void this.#write().catch(() => undefined);
  }

  #write(): Promise<void> {
    const text = renderChecked({ format: 1, process: processName(), models: this.models });
    const written = this.#written.catch(() => undefined).then(() => this.#replace(text));
    this.#written = written;
    return written;
  }

  /** Errors: QS-QUEUE-LOCK, QS-DISK-FULL, QS-QUEUE-FILE for other failures. */
  async #replace(text: string): Promise<void> {
    const path = statusPath(this.#out);
    if (!this.#isHeld()) throw takenOver(this.#out);
    try {
      await writeFileAtomic(path, text);
    } catch (cause) {
      const reason = `cannot write ${path}: ${systemReason(cause)}`;
      const failure = systemFailure(cause);
      if (failure?.code === "QS-DISK-FULL") throw new QuantsmithError(failure.code, reason, { ...failure, cause });
      throw new QuantsmithError("QS-QUEUE-FILE", reason, { remedy, cause });
    }
  }
}

const now = () => new Date().toISOString();
