/**
 * A Hub with one model and one large file, for the fetch bench: `node fetch-server.js <file> <sha256>` prints its
 * address. A separate process, so that neither side of the comparison shares a thread with it.
 */
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const [file = "", sha256 = ""] = process.argv.slice(2);
const size = statSync(file).size;
const commit = "0".repeat(40);
const etag = `"${sha256}"`;

const server = createServer((request, response) => {
  const path = request.url ?? "/";
  if (path.startsWith("/api/")) {
    const entry = { type: "file", path: "model.safetensors", oid: commit, size, lfs: { oid: sha256, size } };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(path.includes("/tree/") ? [entry] : { sha: commit, id: "bench/model" }));
    return;
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Number(range?.[2] ?? size - 1);
  response.writeHead(range === null ? 200 : 206, {
    etag,
    "content-length": end - start + 1,
    ...(range === null ? {} : { "content-range": `bytes ${start}-${end}/${size}` }),
  });
  createReadStream(file, { start, end, highWaterMark: 2 ** 20 }).pipe(response);
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
