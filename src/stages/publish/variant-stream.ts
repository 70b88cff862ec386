import PQueue from "p-queue";
import { type HubConnection, hubConnection } from "../../hub/connection.js";
import { localFile } from "../../hub/upload/local-file.js";
import { findRepo } from "../../hub/upload/repository.js";
import type { HubPublishOptions } from "./hub-options.js";
import { prepareRepo } from "./prepare-repo.js";
import { requireAccess } from "./publish-hub.js";
import { uploadChanges } from "./sync-revision.js";

/** A variant's file that may be uploaded. */
export interface StreamedVariant {
  name: string;
  /** File name in the release. */
  file: string;
  sha256: string;
  /** Where the file lies; absolute. */
  source: string;
}

export interface StreamHooks {
  signal: AbortSignal;
  onStart: (variant: string, bytes: number) => void;
  /** Bytes that the storage has, of how many; `rate` is text such as `12.3 MB/s, 4 min left`, or empty. */
  onProgress: (variant: string, done: number, total: number, rate: string) => void;
  /** `error` is what went wrong: the variant is then left to publishing. */
  onEnd: (variant: string, sentBytes: number, seconds: number, error: unknown) => void;
}

/**
 * Brings variants into a repository's large-file storage beside other work, one after the other, and commits nothing:
 * publishing at the end finds them there. What goes wrong is told and fails nothing.
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

  /** Uploads a variant when it is its turn; does not wait for it. */
  enqueue(variant: StreamedVariant): void {
    void this.#queue.add(() => this.#send(variant));
  }

  /** Settles when everything that was offered is there or has failed. */
  async finish(): Promise<void> {
    await this.#queue.onIdle();
  }

  /** Gives up what is not there yet, since nothing will be published. */
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

/**
 * Opens a stream to a repository, which is created when there is none. Errors: QS-PUBLISH-TOKEN, QS-PUBLISH-PUBLIC,
 * QS-PUBLISH-TARGET, QS-HUB-*.
 */
export async function openStream(options: HubPublishOptions, hooks: StreamHooks): Promise<VariantStream> {
  const connection = hubConnection();
  requireAccess(connection, options.repo);
  const state = await findRepo(connection, options.repo, hooks.signal);
  await prepareRepo(connection, options, state, hooks.signal);
  return new VariantStream(connection, options.repo, hooks);
}
