import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, fileBytes, receivedBytes, runOwnClient, startXetHub, writeRandom } from "./xet-hub.js";

/**
 * Uploads a file by Xet to a loopback Hub, killed at half, then again, then with another start, as after a change of one
 * metadata key. Prints the bytes sent and the peak memory. Needs 10 GB of memory for the Hub.
 */
export async function benchUpload(print: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  const hub = await startXetHub();
  try {
    const file = join(folder, "model.gguf");
    await writeRandom(file, fileBytes);
    const share = () => `${((100 * receivedBytes(hub)) / fileBytes).toFixed(2)} % of the bytes`;
    await runOwnClient(hub, folder, "./upload-client.ts", [file, "kill"]);
    print(`killed at half  ${share()}`);
    const second = await runOwnClient(hub, folder, "./upload-client.ts", [file]);
    print(`second try      ${share()}, ${describe(second)}`);
    await changeStart(file);
    const next = await runOwnClient(hub, folder, "./upload-client.ts", [file]);
    print(`another start   ${share()}, ${describe(next)}`);
  } finally {
    await hub.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Changes bytes near the start, where a GGUF has its metadata. */
async function changeStart(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.write(Buffer.from("another value of one key"), 0, undefined, 1000);
  await file.close();
}
