import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import type { RunReport } from "../../src/release/release-report.js";
import { briefRecipe, demoCopy, quantsmith } from "../fixtures/cli.js";
import { hellaswagFile, multipleChoiceFile, questions, winograndeFile } from "../fixtures/task-files.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const tasks = `tasks:
  - { name: endings, kind: hellaswag, file: ../hellaswag.txt }
  - { name: pronouns, kind: winogrande, file: ../winogrande.csv }
  - { name: facts, kind: multiple-choice, file: ../facts.bin, questions: 9, maxDrop: 0 }
`;

function put(home: string, edit: (recipe: string) => string): string {
  writeFileSync(join(home, "hellaswag.txt"), hellaswagFile);
  writeFileSync(join(home, "winogrande.csv"), winograndeFile);
  writeFileSync(join(home, "facts.bin"), multipleChoiceFile());
  return demoCopy(join(home, "demo"), () => edit(briefRecipe.replace(/smoke:[\s\S]*/, `smoke: []\n${tasks}`)));
}

test("tasks are scored as llama-perplexity scores them, for base and variants, and gate a release", async () => {
  const home = temporaryFolder();
  const recipe = put(home, (text) => text.replace("[Q8_0]", "[Q8_0, Q2_K]"));
  const out = join(home, "out");
  const { exitCode, stdout, stderr } = await quantsmith(["run", recipe, "--out", out]);
  expect(stderr).toMatch(/Q2_K: facts: [\d.]+ ± [\d.]+ % of the answers are right, [\d.]+ points fewer/);
  expect(exitCode).toBe(3);
  expect(stdout).toMatch(/Q2_K +endings +12 +[\d.]+ ± [\d.]+ % +[\d.]+ ± [\d.]+ % +[−+][\d.]+ ± [\d.]+/);
  const release = join(out, "releases", "demo");
  const report: RunReport = JSON.parse(readFileSync(join(release, "release.json"), "utf8"));
  const [variant] = report.variants;
  expect(report.variants.map(({ name }) => name)).toEqual(["Q8_0"]);
  expect(variant?.tasks?.map((task) => [task.name, task.questions])).toEqual([
    ["endings", 12],
    ["pronouns", 12],
    ["facts", 9],
  ]);

  // The tool by hand, which drops the last line feed of a file.
  writeFileSync(join(home, "winogrande.csv"), `${winograndeFile}\n`);
  const { tools } = await resolveToolchain();
  const model = join(release, variant?.file ?? "");
  const byHand = async (...args: string[]) => {
    const { stdout } = await execa(tools["llama-perplexity"]?.path ?? "", ["-m", model, "-t", "1", ...args], {
      cwd: home,
    });
    const rows = [...stdout.matchAll(/^\d+\t\s*([\d.]+)/gm)];
    return Number(Number(rows.at(-1)?.[1]).toFixed(3));
  };
  expect(variant?.tasks?.map(({ accuracy }) => Number(accuracy.toFixed(3)))).toEqual([
    await byHand("-f", "hellaswag.txt", "--hellaswag"),
    await byHand("-f", "winogrande.csv", "--winogrande"),
    await byHand("-bf", "facts.bin", "--multiple-choice", "--multiple-choice-tasks", "9"),
  ]);
  for (const file of ["README.md", "report.html"]) {
    expect(readFileSync(join(release, file), "utf8")).toContain("Multiple-choice questions");
  }
  expect((await quantsmith(["verify", release])).exitCode).toBe(0);
});

test("a file that does not fit its kind is an error of plan, a question that does not fit the context one of run", async () => {
  const home = temporaryFolder();
  const recipe = put(home, (text) => text.replace("kind: hellaswag", "kind: winogrande"));
  const plan = await quantsmith(["plan", recipe]);
  expect(plan.exitCode).toBe(2);
  expect(plan.stderr).toMatch(/demo\.yaml:\d+:\d+[\s\S]*QS-TASK-FILE|QS-TASK-FILE[\s\S]*demo\.yaml:\d+:\d+/);
  expect(plan.stderr).toContain('"hellaswag.txt" is not a file of questions for winogrande: line 1 is not');

  const long = put(temporaryFolder(), (text) => text);
  const [first] = questions;
  const text = "The capital of France is Paris. ".repeat(400);
  writeFileSync(join(long, "../../facts.bin"), multipleChoiceFile([{ answers: [], right: 0, ...first, text }]));
  const run = await quantsmith(["run", long, "--out", join(home, "long"), "--until", "validate"]);
  expect(run.stderr).toMatch(/QS-TASK-CONTEXT: a question of questions.txt has \d+ tokens with its answers/);
});
