import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { Job } from "../../../src/remote/executor.js";
import { ArrayNames } from "../../../src/remote/slurm/array-names.js";
import { batchScript } from "../../../src/remote/slurm/batch-script.js";
import { groupJobs } from "../../../src/remote/slurm/group-jobs.js";
import { parseSubmitted, sbatchArguments } from "../../../src/remote/slurm/sbatch-arguments.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();

afterEach(() => {
  vi.unstubAllEnvs();
});

function job(name: string, after: string[] = [], more: Partial<Job> = {}): Job {
  return { name, key: name, step: `quantize:${name}`, stage: "quantize", after, memoryBytes: 3e9, ...more };
}

test("jobs of one stage with the same dependencies form arrays, each after its dependencies", () => {
  const jobs = [job("base"), job("a", ["base"]), job("x", ["a"]), job("b", ["base"]), job("c", ["x", "base"])];
  const smoke = job("s", ["base"], { stage: "smoke" });
  const names = groupJobs([...jobs, smoke, job("d", ["base", "x"])]).map((group) => group.map(({ name }) => name));
  expect(names).toEqual([["base"], ["a", "b"], ["x"], ["c", "d"], ["s"]]);
});

test("arrays are no longer than clusters accept", () => {
  const many = Array.from({ length: 600 }, (_, index) => job(`j${index}`));
  expect(groupJobs(many).map(({ length }) => length)).toEqual([250, 250, 100]);
});

test("sbatch gets the settings, and by default the largest memory of an array", () => {
  const group = [job("a"), job("b", [], { memoryBytes: 5 * 2 ** 30 })] as const;
  const submission = { group, slurmName: "qs-array-1", after: ["17", "18_3"], output: "/out/a-%a.txt" };
  const settings = { partition: "cpu", account: "me", options: ["--qos=low"], time: 5400 };
  const args = sbatchArguments(submission, settings, "/out");
  expect(args).toEqual(expect.arrayContaining(["--partition=cpu", "--account=me", "--qos=low", "--time=90"]));
  expect(args).toEqual(expect.arrayContaining(["--mem=5120M", "--cpus-per-task=8", "--array=0-1", "--chdir=/out"]));
  expect(args).toEqual(expect.arrayContaining(["--dependency=afterok:17:18_3", "--kill-on-invalid-dep=yes"]));
  expect(args).toContain("--export=NIL");
  expect(
    sbatchArguments({ ...submission, group: [job("a")], after: [] }, { memory: 8e9 }, "/out").join(" "),
  ).not.toMatch(/--array|--dependency|--partition/);
});

test.each([
  ["17\n", "17"],
  ["17;cluster\n", "17"],
  ["Submitted batch job 17\n", undefined],
])("the id in %j is %s", (printed, id) => {
  expect(parseSubmitted(printed)).toBe(id);
});

test("a script passes arguments unchanged, runs its own array task, and sets only the worker's environment", () => {
  vi.stubEnv("QUANTSMITH_CACHE", "/it's here");
  vi.stubEnv("QUANTSMITH_TOKEN", "hf_secret");
  vi.stubEnv("SOMETHING_ELSE", "else");
  const words = ["/bin/echo", "it's", "$HOME", "`x`", "\n", "*"];
  const script = batchScript([job("a"), job("b")], ({ name }) => [...words, name]);
  const run = (task: string) =>
    execFileSync("/bin/sh", { input: script, env: { SLURM_ARRAY_TASK_ID: task } }).toString();
  expect(run("1")).toBe("it's $HOME `x` \n * b\n");
  expect(run("0")).toBe("it's $HOME `x` \n * a\n");
  expect(() => run("2")).toThrow();
  const env = execFileSync("/bin/sh", { input: batchScript([job("a")], () => ["/usr/bin/env"]), env: {} }).toString();
  expect(env).toContain("QUANTSMITH_CACHE=/it's here\n");
  expect(env).not.toMatch(/secret|SOMETHING_ELSE/);
});

test("the jobs of array tasks are stored for later runs", async () => {
  const names = new ArrayNames(join(folder, "slurm"));
  expect(await names.nameFor([job("qs-1")])).toBe("qs-1");
  const array = await names.nameFor([job("qs-1"), job("qs-2")]);
  expect(existsSync(join(folder, "slurm", `${array}.json`))).toBe(true);
  const later = new ArrayNames(join(folder, "slurm"));
  expect(await later.jobsOf(array, 1)).toEqual(["qs-2"]);
  expect(await later.jobsOf(array, undefined)).toEqual(["qs-1", "qs-2"]);
  expect(await later.jobsOf("qs-1", undefined)).toEqual(["qs-1"]);
  expect(await later.jobsOf("qs-array-0000000000000000", 0)).toEqual([]);
});
