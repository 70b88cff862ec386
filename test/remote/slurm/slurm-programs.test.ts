import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SlurmPrograms } from "../../../src/remote/slurm/slurm-programs.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/* What Slurm's programs print was recorded from Slurm 22.05.8. */
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

test("a controller that is away is waited for, and the user is told once", async () => {
  program(
    "squeue",
    `[ -e came-back ] && exec echo here\n[ -e asked ] && touch came-back\ntouch asked\necho '${down}' >&2; exit 1`,
  );
  expect(await programs().call("squeue", [])).toBe("here\n");
  expect(notes).toEqual([expect.stringMatching(/does not answer/), expect.stringMatching(/answers again/)]);
});

test("patience ends", async () => {
  program("squeue", `echo '${down}' >&2; exit 1`);
  await expect(programs().call("squeue", [], { retryTimeoutMs: 0 })).rejects.toMatchObject({
    code: "QS-SLURM-CONTROLLER",
    output: down,
  });
});

test("a submission whose answer was lost is not made again when it has arrived", async () => {
  program(
    "sbatch",
    "echo x >> submitted; echo 'sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received' >&2; exit 1",
  );
  expect(await programs().call("sbatch", [], { beforeRetry: async () => "17" })).toBe("17");
});

test("what Slurm refuses is told in its own words, without trying again", async () => {
  program("sbatch", "cat >&2; exit 1");
  const input =
    "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified";
  await expect(programs().call("sbatch", [], { input })).rejects.toMatchObject({
    code: "QS-SLURM-REFUSED",
    output: input,
  });
});

test("without Slurm's programs it says so", async () => {
  vi.stubEnv("PATH", folder);
  await expect(programs().call("scancel", [])).rejects.toMatchObject({ code: "QS-SLURM-MISSING" });
});
