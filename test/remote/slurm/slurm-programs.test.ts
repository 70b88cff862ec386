import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SlurmPrograms } from "../../../src/remote/slurm/slurm-programs.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/* The output of Slurm's programs was recorded from Slurm 22.05.8. */
const folder = temporaryFolder();
const notes: string[] = [];
const programs = () => new SlurmPrograms(folder, new AbortController().signal, (text) => notes.push(text));

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

beforeEach(() => {
  vi.stubEnv("PATH", `${folder}:/usr/bin:/bin`);
  notes.length = 0;
});

afterEach(() => {
  vi.unstubAllEnvs();
});

const down = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)";

test("waits for a controller that does not answer, and notifies the user once", async () => {
  program(
    "squeue",
    `[ -e came-back ] && exec echo here\n[ -e asked ] && touch came-back\ntouch asked\necho '${down}' >&2; exit 1`,
  );
  expect(await programs().call("squeue", [])).toBe("here\n");
  expect(notes).toEqual([expect.stringMatching(/does not respond/), expect.stringMatching(/responds again/)]);
});

test("fails after the last retry", async () => {
  program("squeue", `echo '${down}' >&2; exit 1`);
  await expect(programs().call("squeue", [], { retryTimeoutMs: 0 })).rejects.toMatchObject({
    code: "QS-SLURM-CONTROLLER",
    output: down,
  });
});

test("does not repeat a submission that succeeded although its answer was lost", async () => {
  program(
    "sbatch",
    "echo x >> submitted; echo 'sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received' >&2; exit 1",
  );
  expect(await programs().call("sbatch", [], { beforeRetry: async () => "17" })).toBe("17");
});

test("reports a refusal in Slurm's own words, without a retry", async () => {
  program("sbatch", "cat >&2; exit 1");
  const input =
    "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified";
  await expect(programs().call("sbatch", [], { input })).rejects.toMatchObject({
    code: "QS-SLURM-REFUSED",
    output: input,
  });
});

test("fails with QS-SLURM-MISSING without Slurm's programs", async () => {
  vi.stubEnv("PATH", folder);
  await expect(programs().call("scancel", [])).rejects.toMatchObject({ code: "QS-SLURM-MISSING" });
});
