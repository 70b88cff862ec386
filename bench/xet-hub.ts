import { randomFillSync } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runSubprocess } from "../src/util/subprocess.js";
import type { Hub } from "../test/fixtures/hub-server/hub.js";
import { canary, startWritableHub } from "../test/fixtures/publish-client.js";

/** Length of the benches' file. */
export const fileBytes = 2_000_000_000;

/** A loopback Hub with Xet and an empty bench/model. */
export async function startXetHub(): Promise<Hub> {
  const hub = await startWritableHub();
  hub.offersXet = true;
  hub.namespaces.add("bench");
  hub.create("bench/model").commit({ "README.md": "" });
  return hub;
}

/** Returns the bytes that reached Xet's storage since the last call. */
export function receivedBytes(hub: Hub): number {
  const bytes = hub.requests.filter(({ server }) => server === "cas").reduce((sum, { body }) => sum + body.length, 0);
  hub.log.requests.length = 0;
  return bytes;
}

export async function writeRandom(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w");
  const chunk = Buffer.alloc(16_000_000);
  for (let written = 0; written < bytes; written += chunk.length) await file.write(randomFillSync(chunk));
  await file.truncate(bytes);
  await file.close();
}

export interface ClientRun {
  seconds: number;
  cpuSeconds: number;
  peakMemoryBytes: number;
}

/** Runs a client of the Hub, which prints its processor time in seconds at last; a killed one does not. */
export async function runClient(hub: Hub, folder: string, file: string, args: readonly string[]): Promise<ClientRun> {
  const home = join(folder, "home");
  const env = { HF_ENDPOINT: hub.url, HF_HOME: home, HF_HUB_CACHE: join(home, "hub"), HF_TOKEN: canary };
  const { seconds, peakMemoryBytes, exitCode, signal, stdout, tail } = await runSubprocess({
    file,
    args,
    cwd: folder,
    env,
  });
  if (exitCode !== 0 && signal !== "SIGKILL") throw new Error(`${file} failed: ${tail}`);
  return { seconds, peakMemoryBytes, cpuSeconds: Number(stdout.trim().split("\n").at(-1)) };
}

/** Runs a script of this folder as a client. */
export function runOwnClient(hub: Hub, folder: string, script: string, args: readonly string[]): Promise<ClientRun> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return runClient(hub, folder, process.execPath, [...process.execArgv, path, ...args]);
}

export function describe({ seconds, cpuSeconds, peakMemoryBytes }: ClientRun): string {
  const megabytes = (peakMemoryBytes / 1e6).toFixed(0);
  return `${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} s of processor time, ${megabytes} MB of memory`;
}
