/**
 * Downloads the bench's model into `HF_HUB_CACHE`, like the fetch stage: `node fetch-client.js`. Prints the processor
 * time in seconds.
 */
import { hubConnection } from "../src/hub/connection.js";
import { downloadSnapshot } from "../src/hub/download/download-snapshot.js";
import { listModel } from "../src/hub/list-model.js";

const connection = hubConnection();
const { signal } = new AbortController();
const { commit, files } = await listModel(connection, "bench/model", "main", signal);
await downloadSnapshot(
  connection,
  { repo: "bench/model", commit, revision: "main", files, listing: files, downloads: 4 },
  { signal, onNote: () => undefined, onProgress: () => undefined },
);
const { user, system } = process.cpuUsage();
console.log((user + system) / 1e6);
