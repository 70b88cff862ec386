import { Readable } from "node:stream";
import type { HubConnection } from "../../connection.js";
import { repoCache } from "../../download/cache-layout.js";
import type { Subject } from "../../hub-error.js";
import type { LocalFile } from "../local-file.js";
import { RestartUpload } from "../restart-upload.js";
import type { SendHooks } from "../send-hooks.js";
import { chunksOf, firstChunk } from "./chunks-of.js";
import { formerStart } from "./former-start.js";
import { KnownChunks } from "./known-chunks.js";
import { Layout } from "./layout.js";
import { SentXorbs } from "./sent-xorbs.js";
import { writeShards } from "./shard.js";
import { StorageClient } from "./storage-client.js";
import { XorbSender } from "./xorb-sender.js";

/** A smaller file is not compared with the one that it replaces. */
const minComparedBytes = 2 ** 20;

/** Concurrent requests: a killed process sends what they have sent again, up to 64 MiB each. */
const connections = 2;

/**
 * Uploads one file to Xet's storage: sends the chunks that the storage does not have, in xorbs, then the description of
 * the file. Xorbs that an earlier, killed process sent are not sent again. Returns the number of bytes sent.
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
  const onFailure = (error: unknown) => failed.abort(error);
  const storage = new StorageClient(connection, renewal, subject, signal);
  const sent = await SentXorbs.open(repoCache(connection.cacheFolder, repo), file.sha256, connection.endpoint);
  const sender = new XorbSender({ storage, file, sent, connections, signal, onBytes: hooks.onBytes, onFailure });
  try {
    const known = new KnownChunks((hash) => storage.findChunk(hash), signal);
    const isCompared = file.bytes >= minComparedBytes;
    const former = isCompared ? await formerStart(connection, { repo, path: file.path }, subject, signal) : undefined;
    const start = former && firstChunk(former);
    if (start !== undefined) await known.learn(start);
    const layout = new Layout(connection.limits.xorbBytes);
    for await (const chunk of chunksOf(file.source, signal)) {
      const place = await known.find(chunk);
      if (place === undefined) await sender.add(layout.add(chunk));
      else {
        layout.refer(chunk, place);
        sender.refer(chunk.length);
      }
    }
    await sender.add(layout.close());
    await sender.idle();
    signal.throwIfAborted();
    const shards = writeShards(layout.terms, file.sha256, layout.xorbs);
    for (const shard of shards) await storage.storeShard({ bytes: shard.length, open: () => Readable.from([shard]) });
    await sent.forget();
    return shards.reduce((sum, { length }) => sum + length, sender.sentBytes);
  } catch (error) {
    // The first failure is the reason; what it aborted failed, too.
    onFailure(error);
    await sender.idle();
    if (signal.reason instanceof RestartUpload) await sent.forget();
    throw signal.reason;
  }
}
