import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { workflowPath } from "../../src/cli/init/release-workflow.js";
import { put, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const repository = temporaryFolder();
const inner = join(repository, "recipes");
const file = join(repository, workflowPath);
const init = (...more: string[]) => quantsmith(["init", "ci", ...more], { cwd: inner });

test("init ci writes the workflow at the repository's root, prints the next steps, and keeps edits", async () => {
  mkdirSync(inner);
  mkdirSync(join(repository, ".git"));
  const first = await init();
  expect([first.exitCode, first.stderr]).toEqual([0, ""]);
  for (const word of [file, "environment", "required reviewers", "HF_TOKEN", "HF_READ_TOKEN"]) {
    expect(first.stdout).toContain(word);
  }
  const written = readFileSync(file, "utf8");
  expect((await init()).stdout).toContain("up to date");

  // An unmodified older version is replaced; an edited one is not.
  expect((await init("--install", "quantsmith@9.9.9")).exitCode).toBe(0);
  expect(readFileSync(file, "utf8")).toContain('default: "quantsmith@9.9.9"');
  put(file, `${written}# mine\n`);
  const refused = await init();
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain("QS-INIT-EXISTS");
  expect(readFileSync(file, "utf8")).toBe(`${written}# mine\n`);
  expect((await init("--force")).exitCode).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(written);
  expect(existsSync(join(inner, ".github"))).toBe(false);
});

test("options of the other kind of init are rejected", async () => {
  expect((await init("--out", "x.yaml")).stderr).toContain("--out is an option of `quantsmith init <model>`");
});
