import { Worker } from "node:worker_threads";
import type { ContentDigest } from "../digest.js";

/**
 * Hashes a file in a separate thread while it is written; `advance` sets the number of bytes written from its start.
 * The thread reads the file back, so that the digest covers the stored bytes.
 */
export class HashFollower {
  readonly #worker: Worker;
  readonly #digest: Promise<string>;

  constructor(path: string, bytes: number, { algorithm, prefix }: ContentDigest) {
    // Passed as text: a separate file would have different paths in tests and in the build.
    this.#worker = new Worker(`(${follow.toString()})(require)`, {
      eval: true,
      workerData: { path, bytes, algorithm, prefix },
      env: {},
    });
    this.#digest = new Promise((resolve, reject) => {
      this.#worker.once("message", resolve);
      this.#worker.once("error", reject);
      this.#worker.once("exit", () => reject(new Error("the hash thread ended early")));
    });
    // Avoids an unhandled rejection; `digest` still rejects with the error.
    this.#digest.catch(() => undefined);
  }

  advance(writtenBytes: number): void {
    this.#worker.postMessage(writtenBytes);
  }

  /** Returns the digest in hex after all bytes are written. Throws Node's file error or the abort reason. */
  async digest(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    return new Promise<string>((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.#digest.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }

  /** Terminates the thread. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** The thread's program; it runs from its source text, without this module's scope. */
function follow(require: NodeJS.Require): void {
  const { createHash } = require("node:crypto") as typeof import("node:crypto");
  const { constants, openSync, readSync } = require("node:fs") as typeof import("node:fs");
  const { parentPort, workerData } = require("node:worker_threads") as typeof import("node:worker_threads");
  const { path, bytes, algorithm, prefix } = workerData as {
    path: string;
    bytes: number;
    algorithm: string;
    prefix: string;
  };
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const hash = createHash(algorithm).update(prefix);
  const buffer = Buffer.allocUnsafe(2 ** 20);
  let position = 0;
  let reported = false;
  parentPort?.on("message", (writtenBytes: number) => {
    while (position < writtenBytes) {
      const read = readSync(file, buffer, 0, Math.min(buffer.length, writtenBytes - position), position);
      if (read === 0) throw new Error(`the file ends at byte ${position} of ${bytes}`);
      hash.update(buffer.subarray(0, read));
      position += read;
    }
    if (position < bytes || reported) return;
    reported = true;
    parentPort.postMessage(hash.digest("hex"));
  });
}
