import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runThreads } from "../../src/converter/write/run-threads.js";
import type { WriteJob } from "../../src/converter/write/write-job.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const elements = 3000;

/** Creates a source file, a target file, and `count` jobs for consecutive ranges. */
async function workOf(count: number): Promise<{ source: Buffer; outFile: string; jobs: WriteJob[] }> {
  const folder = await mkdtemp(join(base, "write-"));
  const source = Buffer.alloc(count * elements * 2, 0x3d);
  for (let i = 0; i < source.length; i += 2) source[i] = i % 251;
  const [path, outFile] = [join(folder, "source"), join(folder, "out")];
  await Promise.all([writeFile(path, source), writeFile(outFile, "")]);
  const jobs = Array.from({ length: count }, (_, i): WriteJob => {
    const at = i * elements * 2;
    return { path, offset: at, from: "BF16", to: "BF16", elements, plusOne: false, at };
  });
  return { source, outFile, jobs };
}

test("threads share the jobs and write every range at its offset", async () => {
  const { source, outFile, jobs } = await workOf(40);
  let done = 0;
  await runThreads(3, outFile, jobs, { signal: new AbortController().signal, onDone: (values) => (done += values) });
  expect(done).toBe(40 * elements);
  expect((await readFile(outFile)).equals(source)).toBe(true);
});

test("a truncated source fails the whole run", async () => {
  const { outFile, jobs } = await workOf(4);
  const beyond = jobs.map((job) => ({ ...job, offset: job.offset + 10 }));
  const run = runThreads(2, outFile, beyond, { signal: new AbortController().signal, onDone: () => {} });
  await expect(run).rejects.toThrow("was truncated");
});

test("an abort stops the threads", async () => {
  const { outFile, jobs } = await workOf(400);
  const stop = new AbortController();
  const reason = new Error("enough");
  let done = 0;
  const onDone = (values: number) => {
    done += values;
    stop.abort(reason);
  };
  await expect(runThreads(2, outFile, jobs, { signal: stop.signal, onDone })).rejects.toBe(reason);
  expect(done).toBeGreaterThan(0);
});
