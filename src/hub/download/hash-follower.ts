import { Worker } from "node:worker_threads";
import type { ContentDigest } from "../digest.js";

/**
 * Hashes a file in a thread of its own while it is being written: `advance` says how many bytes from its start are
 * there. What is hashed is what was read back from the file, so that the digest vouches for the file and not for what
 * was meant to be in it.
 */
export class HashFollower {
  readonly #worker: Worker;
  readonly #digest: Promise<string>;

  constructor(path: string, bytes: number, { algorithm, prefix }: ContentDigest) {
    // As text, so that it needs no file of its own, which would lie elsewhere in the tests than in the build.
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
    // Nobody may be waiting when it fails; whoever asks for the digest later still gets the error.
    this.#digest.catch(() => undefined);
  }

  advance(bytesThere: number): void {
    this.#worker.postMessage(bytesThere);
  }

  /** The digest in hex, once all bytes are there. Throws Node's error for the file, or the abort reason. */
  async digest(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    return new Promise<string>((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.#digest.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** The thread's whole program; it can use nothing from outside itself. */
function follow(require: NodeJS.Require): void {
  const { createHash } = require("node:crypto") as typeof import("node:crypto");
  const { openSync, readSync } = require("node:fs") as typeof import("node:fs");
  const { parentPort, workerData } = require("node:worker_threads") as typeof import("node:worker_threads");
  const { path, bytes, algorithm, prefix } = workerData as {
    path: string;
    bytes: number;
    algorithm: string;
    prefix: string;
  };
  const file = openSync(path, "r");
  const hash = createHash(algorithm).update(prefix);
  const buffer = Buffer.allocUnsafe(2 ** 20);
  let position = 0;
  let told = false;
  parentPort?.on("message", (there: number) => {
    while (position < there) {
      const read = readSync(file, buffer, 0, Math.min(buffer.length, there - position), position);
      if (read === 0) throw new Error(`the file ends at byte ${position} of ${bytes}`);
      hash.update(buffer.subarray(0, read));
      position += read;
    }
    if (position < bytes || told) return;
    told = true;
    parentPort.postMessage(hash.digest("hex"));
  });
}
