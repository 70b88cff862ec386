import type { TaskScore } from "../../release/release-report.js";
import { compareAnswers } from "../../release/task-score.js";
import type { StageContext } from "../stage.js";
import { readReport } from "../step-files.js";
import type { TaskReport } from "../tasks/answer-task.js";
import { type PackageParams, taskInput } from "./package-params.js";

/** Returns a variant's scores of the tasks that it and the base have answered. */
export async function collectTasks(
  variant: string,
  tasks: PackageParams["tasks"],
  { input }: Pick<StageContext, "input">,
): Promise<TaskScore[]> {
  const scores: TaskScore[] = [];
  for (const { name } of tasks) {
    const base = await readReport<TaskReport>(input(taskInput(name)));
    const own = await readReport<TaskReport>(input(taskInput(name, variant)));
    if (base === undefined || own === undefined) continue;
    const { kind, file, sha256 } = own;
    scores.push({ name, kind, file, sha256, ...compareAnswers(outcomesOf(base), outcomesOf(own)) });
  }
  return scores;
}

const outcomesOf = ({ outcomes }: TaskReport) => [...outcomes].map((outcome) => outcome === "1");
