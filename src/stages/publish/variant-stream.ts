import PQueue from "p-queue";
import { type HubConnection, hubConnectionToWrite } from "../../hub/connection.js";
import { localFile } from "../../hub/upload/local-file.js";
import { findRepo } from "../../hub/upload/repository.js";
import { checksumsFile } from "../../release/checksums.js";
import { historyFile } from "../../release/history.js";
import { provenanceFile } from "../../release/provenance.js";
import { signatureFile } from "../../release/sign/statement.js";
import { cardFile } from "../../release/verify/check-cross-references.js";
import type { HubPublishOptions } from "./hub-options.js";
import { prepareRepo } from "./prepare-repo.js";
import { requireAccess } from "./publish-hub.js";
import { readRemote } from "./remote-release.js";
import { type ReleasedModel, requireOwn } from "./require-own.js";
import { uploadChanges } from "./sync-revision.js";

/** A variant's file to upload. */
export interface StreamedVariant {
  name: string;
  /** File name in the release. */
  file: string;
  sha256: string;
  /** Absolute path of the file. */
  source: string;
}

export interface StreamHooks {
  signal: AbortSignal;
  onStart: (variant: string, bytes: number) => void;
  /** Bytes in storage and in total; `rate` is text such as `12.3 MB/s, 4 min left`, or empty. */
  onProgress: (variant: string, done: number, total: number, rate: string) => void;
  /** With an `error`, the variant is uploaded by publishing. */
  onEnd: (variant: string, sentBytes: number, seconds: number, error: unknown) => void;
}

/**
 * Uploads variants to a repository's large-file storage during other work, one after the other, without commits, so
 * that publishing does not send them again. Failures are reported to `onEnd` and never thrown.
 */
export class VariantStream {
  readonly #connection: HubConnection;
  readonly #repo: string;
  readonly #hooks: StreamHooks;
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #stopped = new AbortController();

  constructor(connection: HubConnection, repo: string, hooks: StreamHooks) {
    this.#connection = connection;
    this.#repo = repo;
    this.#hooks = hooks;
  }

  /** Adds a variant to the queue; returns immediately. */
  enqueue(variant: StreamedVariant): void {
    void this.#queue.add(() => this.#send(variant));
  }

  /** Resolves when all queued variants are uploaded or have failed. */
  async finish(): Promise<void> {
    await this.#queue.onIdle();
  }

  /** Aborts unfinished uploads, since the release will not be published. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#queue.onIdle();
  }

  async #send({ name, file, source, sha256 }: StreamedVariant): Promise<void> {
    const { onStart, onProgress, onEnd } = this.#hooks;
    const signal = AbortSignal.any([this.#hooks.signal, this.#stopped.signal]);
    if (signal.aborted) return;
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    try {
      const described = await localFile(file, source, sha256);
      onStart(name, described.bytes);
      const hooks = {
        signal,
        onProgress: (done: number, total: number, rate: string) => onProgress(name, done, total, rate),
      };
      const place = { repo: this.#repo, revision: "main" };
      const { bytes } = await uploadChanges(this.#connection, place, { add: [described], update: [] }, hooks);
      onEnd(name, bytes, seconds(), undefined);
    } catch (error) {
      if (!signal.aborted) onEnd(name, 0, seconds(), error);
    }
  }
}

/** The release that a run will build. */
export interface PlannedRelease {
  model: ReleasedModel;
  /** File names of the variants. */
  files: readonly string[];
}

/** Files with a fixed name in every release; a signature of anything else would not cover it. */
const fixedFiles = [cardFile, "release.json", provenanceFile, checksumsFile, signatureFile];

/**
 * Opens a stream to a repository, which is created if it does not exist. Before any upload, requires that publishing
 * will overwrite only files of a release of this model. Errors: QS-PUBLISH-TOKEN, QS-PUBLISH-PUBLIC, QS-PUBLISH-FOREIGN,
 * QS-PUBLISH-TARGET, QS-HUB-*.
 */
export async function openStream(
  options: HubPublishOptions,
  { model, files }: PlannedRelease,
  hooks: StreamHooks,
): Promise<VariantStream> {
  const connection = hubConnectionToWrite();
  const { repo, replace } = options;
  requireAccess(connection, repo);
  const state = await findRepo(connection, repo, hooks.signal);
  if (state !== undefined) {
    const main = await readRemote(connection, repo, "main", hooks.signal);
    const paths = [...fixedFiles, ...(main.release === undefined ? [] : [historyFile]), ...files];
    await requireOwn({ place: repo, model, paths, replace: replace === true }, main);
  }
  await prepareRepo(connection, options, state, hooks.signal);
  return new VariantStream(connection, repo, hooks);
}
