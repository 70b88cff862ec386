import PQueue from "p-queue";
import type { LocalFile } from "../local-file.js";
import type { SentXorbs } from "./sent-xorbs.js";
import type { StorageClient } from "./storage-client.js";
import { type Xorb, xorbBody } from "./xorb.js";

export interface XorbSenderOptions {
  storage: StorageClient;
  file: LocalFile;
  /** Not sent again. */
  sent: SentXorbs;
  connections: number;
  signal: AbortSignal;
  /** Called with the bytes of the file in storage. */
  onBytes: (bytes: number) => void;
  /** Called with the first failure, after which `signal` must fire. */
  onFailure: (error: unknown) => void;
}

/** Sends the xorbs of one file, several at once. */
export class XorbSender {
  readonly #options: XorbSenderOptions;
  readonly #queue: PQueue;
  readonly #progress = new Map<Xorb, number>();
  #referredBytes = 0;
  /** Bytes of the xorbs that this process sent. */
  sentBytes = 0;

  constructor(options: XorbSenderOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.connections });
  }

  /** Counts bytes that the storage already has. */
  refer(bytes: number): void {
    this.#referredBytes += bytes;
    this.#report();
  }

  /** Sends a xorb, if there is one. Waits while it waits for a connection. */
  async add(xorb: Xorb | undefined): Promise<void> {
    if (xorb === undefined) return;
    const { signal, onFailure } = this.#options;
    this.#queue.add(async () => (signal.aborted ? undefined : this.#send(xorb))).catch(onFailure);
    await this.#queue.onSizeLessThan(1);
    signal.throwIfAborted();
  }

  /** Waits for the end of all requests. */
  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }

  async #send(xorb: Xorb): Promise<void> {
    const { storage, file, sent } = this.#options;
    const report = (bytes: number) => {
      this.#progress.set(xorb, bytes);
      this.#report();
    };
    if (sent.has(xorb.name)) return report(xorb.bytes);
    await storage.storeXorb(xorb.name, xorbBody(file.source, xorb, report));
    await sent.add(xorb.name);
    this.sentBytes += xorb.bytes;
  }

  #report(): void {
    const { file, onBytes } = this.#options;
    const bytes = [...this.#progress.values()].reduce((sum, part) => sum + part, this.#referredBytes);
    // Xorbs have headers, which are not of the file.
    onBytes(Math.min(file.bytes, bytes));
  }
}
