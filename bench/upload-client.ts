/**
 * Uploads a file to bench/model and commits it, as publishing does: `node upload-client.js <file> [kill]`; with `kill`, the
 * process kills itself at half of the file. Prints the processor time in seconds.
 */
import { hubConnection } from "../src/hub/connection.js";
import { resolveCommit } from "../src/hub/list-commit.js";
import { localFile } from "../src/hub/upload/local-file.js";
import { postCommit } from "../src/hub/upload/post-commit.js";
import { uploadObjects } from "../src/hub/upload/upload-objects.js";

const [source = "", kill] = process.argv.slice(2);
const connection = hubConnection();
const { signal } = new AbortController();
const place = { repo: "bench/model", revision: "main" };
const file = await localFile("model.gguf", source);
const onProgress = (done: number, total: number) => {
  if (kill !== undefined && done >= total / 2) process.kill(process.pid, "SIGKILL");
};
await uploadObjects(connection, place.repo, [file], { signal, onProgress });
const { commit: parent } = await resolveCommit(connection, place.repo, place.revision, signal);
const content = { files: [file], large: new Set([file.path]), deletions: [], pullRequest: false };
const subject = { doing: "committing", repo: place.repo, writes: true };
await postCommit(connection, { ...place, ...content, parent, title: "bench", description: "" }, subject, signal);
const { user, system } = process.cpuUsage();
console.log((user + system) / 1e6);
