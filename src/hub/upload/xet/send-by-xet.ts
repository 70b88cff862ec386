import { Readable } from "node:stream";
import PQueue from "p-queue";
import { fileAddress } from "../../address.js";
import type { HubConnection } from "../../connection.js";
import { repoCache } from "../../download/cache-layout.js";
import type { Subject } from "../../hub-error.js";
import { readBody } from "../../read-body.js";
import { get } from "../../request.js";
import { retry } from "../../retry-policy.js";
import type { LocalFile } from "../local-file.js";
import { RestartUpload } from "../restart-upload.js";
import type { SendHooks } from "../send-hooks.js";
import { chunksOf, firstChunk, maxChunkBytes } from "./chunks-of.js";
import { KnownChunks } from "./known-chunks.js";
import { Layout } from "./layout.js";
import { SentXorbs } from "./sent-xorbs.js";
import { writeShards } from "./shard.js";
import { StorageClient } from "./storage-client.js";
import { type Xorb, xorbBody } from "./xorb.js";

/** A smaller file is not compared with its predecessor. */
const minComparedBytes = 2 ** 20;

/**
 * Uploads one file to Xet's storage: sends the chunks that the storage does not have, in groups, then the description of
 * the file. Groups that an earlier, killed process sent are not sent again. Returns the number of bytes sent.
 * Errors: QS-HUB-*; RestartUpload if the storage lost what was sent.
 */
export async function sendByXet(
  connection: HubConnection,
  repo: string,
  file: LocalFile,
  renewal: URL,
  subject: Subject,
  hooks: SendHooks,
): Promise<number> {
  const failed = new AbortController();
  const signal = AbortSignal.any([hooks.signal, failed.signal]);
  const storage = new StorageClient(connection, renewal, subject, signal);
  const sent = await SentXorbs.open(repoCache(connection.cacheFolder, repo).upload(file.sha256), connection.endpoint);
  const queue = new PQueue({ concurrency: connection.limits.connectionsPerFile });
  const progress = new Map<Xorb | undefined, number>();
  const onBytes = (xorb: Xorb | undefined, bytes: number) => {
    progress.set(xorb, bytes);
    hooks.onBytes(
      Math.min(
        file.bytes,
        [...progress.values()].reduce((sum, part) => sum + part, 0),
      ),
    );
  };
  let sentBytes = 0;
  const sendXorb = async (xorb: Xorb) => {
    const body = xorbBody(file.source, xorb, (bytes) => onBytes(xorb, bytes));
    if (sent.has(xorb.name)) return onBytes(xorb, xorb.bytes);
    await storage.storeXorb(xorb.name, body, signal);
    await sent.add(xorb.name);
    sentBytes += xorb.bytes;
  };
  const enqueue = async (xorb: Xorb | undefined) => {
    if (xorb === undefined) return;
    queue.add(async () => (signal.aborted ? undefined : sendXorb(xorb))).catch((error) => failed.abort(error));
    await queue.onSizeLessThan(1);
    signal.throwIfAborted();
  };
  try {
    const known = new KnownChunks((hash) => storage.findChunk(hash));
    const former =
      file.bytes < minComparedBytes ? undefined : await formerStart(connection, repo, file.path, subject, signal);
    const start = former && firstChunk(former);
    if (start !== undefined) await known.learn(start);
    const layout = new Layout(connection.limits.xorbBytes);
    let storedBytes = 0;
    for await (const chunk of chunksOf(file.source, signal)) {
      const place = await known.find(chunk);
      if (place === undefined) await enqueue(layout.add(chunk));
      else {
        layout.refer(chunk, place);
        storedBytes += chunk.length;
        onBytes(undefined, storedBytes);
      }
    }
    await enqueue(layout.close());
    await queue.onIdle();
    signal.throwIfAborted();
    for (const shard of writeShards(layout.terms, file.sha256, layout.xorbs)) {
      await storage.storeShard({ bytes: shard.length, open: () => Readable.from([shard]) });
      sentBytes += shard.length;
    }
    await sent.forget();
    return sentBytes;
  } catch (error) {
    failed.abort(error);
    await queue.onIdle();
    if (error instanceof RestartUpload) await sent.forget();
    throw error;
  }
}

/**
 * Returns the start of the file that the upload will replace, whose first chunk leads to all its others. A failure only
 * means that more is sent.
 */
async function formerStart(
  connection: HubConnection,
  repo: string,
  path: string,
  subject: Subject,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const url = fileAddress(connection.endpoint, repo, "main", path);
  const headers = { range: `bytes=0-${maxChunkBytes - 1}`, "accept-encoding": "identity" };
  try {
    return await retry(connection.limits, signal, async () =>
      readBody(await get(connection, { url, headers, subject, signal }), maxChunkBytes, subject),
    );
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
