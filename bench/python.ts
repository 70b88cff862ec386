import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPython, noPython } from "../test/fixtures/find-python.js";
import { type ClientRun, describe, fileBytes, runClient, runOwnClient, startXetHub, writeRandom } from "./xet-hub.js";

/**
 * Compares uploads and downloads by this project and by Python's huggingface_hub with hf_xet, through the same loopback Hub.
 * Needs a Python with both packages, and 6 GB of memory for the Hub.
 */
export async function benchPython(print: (line: string) => void): Promise<void> {
  const python = await findPython();
  if (python === undefined) return print(`skipped: ${noPython}`);
  const script = fileURLToPath(new URL("./python-client.py", import.meta.url));
  const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  const clear = () => rm(join(folder, "home"), { recursive: true, force: true });
  try {
    const file = join(folder, "model.gguf");
    await writeRandom(file, fileBytes);
    const first = await startXetHub();
    const ours = await runOwnClient(first, folder, "./upload-client.ts", [file]);
    await first.close();
    const hub = await startXetHub();
    const theirs = await runClient(hub, folder, python, [script, "upload", file]);
    compare("upload", ours, theirs);
    await clear();
    const fetched = await runOwnClient(hub, folder, "./fetch-client.ts", []);
    await clear();
    compare("download", fetched, await runClient(hub, folder, python, [script, "download"]));
    await hub.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  function compare(what: string, own: ClientRun, other: ClientRun): void {
    print(`${what.padEnd(8)} quantsmith ${describe(own)}`);
    print(`         Python     ${describe(other)}: ratio ${(own.seconds / other.seconds).toFixed(2)}`);
  }
}
