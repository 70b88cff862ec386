import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPython, noPython } from "../test/fixtures/find-python.js";
import { type ClientRun, runClient, runOwnClient, sizes, startXetHub, writeRandom } from "./xet-hub.js";

/**
 * Compares uploads and downloads by this project and by Python's huggingface_hub with hf_xet, through the same loopback Hub.
 * Needs a Python with both packages, and 6 GB of memory for the Hub.
 */
export async function benchPython(print: (line: string) => void): Promise<void> {
  const python = await findPython();
  if (python === undefined) return print(`skipped: ${noPython}`);
  const script = fileURLToPath(new URL("./python-client.py", import.meta.url));
  for (const bytes of sizes) {
    const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
    const clear = () => rm(join(folder, "home"), { recursive: true, force: true });
    try {
      const file = join(folder, "model.gguf");
      await writeRandom(file, bytes);
      const hub = await startXetHub();
      const ours = await runOwnClient(hub, folder, "./upload-client.ts", [file]);
      await hub.close();
      const another = await startXetHub();
      const theirs = await runClient(another, folder, python, [script, "upload", file]);
      await clear();
      const fetched = await runOwnClient(another, folder, "./fetch-client.ts", []);
      await clear();
      const theirFetched = await runClient(another, folder, python, [script, "download"]);
      await another.close();
      print(`${bytes / 1e6} MB`);
      print(`  upload    ${compare(ours, theirs)}`);
      print(`  download  ${compare(fetched, theirFetched)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function compare(ours: ClientRun, theirs: ClientRun): string {
  const describe = ({ seconds, cpuSeconds, peakBytes }: ClientRun) =>
    `${seconds.toFixed(1)} s (processor ${cpuSeconds.toFixed(1)} s, ${(peakBytes / 1e6).toFixed(0)} MB)`;
  return `quantsmith ${describe(ours)}, Python ${describe(theirs)}: ${(ours.seconds / theirs.seconds).toFixed(2)}`;
}
