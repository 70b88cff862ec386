import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256File } from "../src/util/sha256.js";
import { runSubprocess, type SubprocessResult } from "../src/util/subprocess.js";
import { writeRandom } from "./xet-hub.js";

const rounds = 3;
const sizes = [500_000_000, 2_000_000_000];

/**
 * Compares the best times of a verified download from this machine and of `curl` followed by `sha256sum`. Compares the
 * download's peak memory for a small and a large file, which should be equal. Needs curl, sha256sum and 6 GB of disk.
 */
export async function benchFetch(print: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "quantsmith-bench-"));
  try {
    for (const bytes of sizes) {
      const file = join(folder, "content");
      await writeRandom(file, bytes);
      const { address, child } = await startServer(file, await sha256File(file));
      try {
        await compare(print, folder, address, bytes);
      } finally {
        child.kill();
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(print: (line: string) => void, folder: string, address: string, bytes: number): Promise<void> {
  const best = { both: Number.POSITIVE_INFINITY, curl: 0, ours: Number.POSITIVE_INFINITY, memory: 0 };
  const copy = join(folder, "copy");
  const cache = join(folder, "cache");
  for (let round = 0; round < rounds; round++) {
    const url = `${address}/bench/model/resolve/main/model.safetensors`;
    const downloaded = await run("/usr/bin/curl", ["-s", "-o", copy, url], folder);
    const hashed = await run("/usr/bin/sha256sum", [copy], folder);
    const both = downloaded.seconds + hashed.seconds;
    if (both < best.both) Object.assign(best, { both, curl: downloaded.seconds });
    await rm(copy);
    const client = fileURLToPath(new URL("./fetch-client.ts", import.meta.url));
    const env = { HF_ENDPOINT: address, HF_HUB_CACHE: cache, HF_HOME: folder };
    const fetched = await run(process.execPath, [...process.execArgv, client], folder, env);
    best.ours = Math.min(best.ours, fetched.seconds);
    best.memory = Math.max(best.memory, fetched.peakMemoryBytes);
    await rm(cache, { recursive: true });
  }
  const rate = (seconds: number) => `${seconds.toFixed(2)} s, ${(bytes / seconds / 1e6).toFixed(0)} MB/s`;
  print(`${bytes / 1e6} MB`);
  print(`  curl + sha256sum  ${rate(best.both)} (curl alone ${best.curl.toFixed(2)} s)`);
  print(`  quantsmith        ${rate(best.ours)}, at most ${(best.memory / 1e6).toFixed(0)} MB of memory`);
  print(`  throughput ratio  ${(best.both / best.ours).toFixed(2)}`);
}

async function run(
  file: string,
  args: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<SubprocessResult> {
  const result = await runSubprocess({ file, args, cwd, env });
  if (result.exitCode !== 0) throw new Error(`${file} failed: ${result.tail}`);
  return result;
}

async function startServer(file: string, sha256: string): Promise<{ address: string; child: ChildProcess }> {
  const script = fileURLToPath(new URL("./fetch-server.ts", import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, script, file, sha256], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout?.once("data", (text: Buffer) => resolve(text.toString().trim()));
    child.once("exit", () => reject(new Error("the bench's server did not start")));
  });
  return { address, child };
}
