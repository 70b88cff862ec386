import type { Settings, Task } from "../recipe/settings.js";
import type { InputText } from "../release/release-facts.js";
import { fetchedText, fetchTexts } from "../stages/fetch/fetch-texts.js";
import { answerTask } from "../stages/tasks/answer-task.js";
import type { JsonObject } from "../util/canonical-json.js";
import { digestOf, hubFile, hubInput, hubTextName } from "./corpus-files.js";
import { evaluatedBase } from "./evaluated-base.js";
import type { PlanFacts } from "./facts.js";
import { outputOf, step } from "./make-step.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import { structureId } from "./validate-steps.js";

const fetchId = "fetch:tasks";

/** Returns the id of the step in which the base answers a task. */
export const baseTaskId = (task: string) => `validate:base:task:${task}`;
/** Returns the id of the step in which a variant answers a task. */
export const variantTaskId = (variant: string, task: string) => `validate:${variant}:task:${task}`;

/** Returns the tasks of the plan; none without the stage `validate`. */
export function askedTasks({ tasks, stages }: Settings): readonly Task[] {
  return stages.includes("validate") ? tasks : [];
}

/** Fetches the questions that are on the Hub, and lets the base and each variant of the release answer every task. */
export function taskSteps(settings: Settings, facts: PlanFacts): Step[] {
  const tasks = askedTasks(settings);
  const answer = (id: string, task: Task, model: Record<string, StepInput>, variant?: string) => {
    const params = { kind: task.kind, file: taskFile(task, facts), questions: task.questions };
    const inputs = { ...model, questions: questionInput(task, tasks, facts) };
    return step(id, answerTask, params, inputs, predictBytes.report(), variant);
  };
  return [
    ...fetchStep(tasks, facts),
    ...tasks.map((task) => answer(baseTaskId(task.name), task, { model: evaluatedBase(settings) })),
    ...settings.variants.flatMap(({ name }) => {
      const model = {
        model: outputOf(`quantize:${name}`, "model.gguf"),
        structure: outputOf(structureId(name), "structure.json"),
      };
      return tasks.map((task) => answer(variantTaskId(name, task.name), task, model, name));
    }),
  ];
}

function fetchStep(tasks: readonly Task[], facts: PlanFacts): Step[] {
  const needed = onHub(tasks).map((source) => ({ revision: source.revision, file: hubFile(source.ref, facts) }));
  if (needed.length === 0) return [];
  const files = needed.map(({ file }) => file);
  const operation = fetchTexts({ revisions: needed.map(({ revision }) => revision) });
  return [step(fetchId, operation, { files }, {}, predictBytes.texts(files))];
}

const onHub = (tasks: readonly Task[]) => tasks.flatMap(({ source }) => (source.kind === "hub" ? [source] : []));

function questionInput({ source }: Task, tasks: readonly Task[], facts: PlanFacts): StepInput {
  if (source.kind === "hub") return outputOf(fetchId, fetchedText(onHub(tasks).indexOf(source), source));
  return { kind: "outside", path: source.path, digest: digestOf(source.path, facts) };
}

/** Returns name and digest of a task's file; no digest for one that is fetched. */
function taskFile({ source }: Task, facts: PlanFacts) {
  return source.kind === "hub"
    ? { name: hubTextName(hubFile(source.ref, facts)), sha256: null }
    : { name: source.name, sha256: digestOf(source.path, facts) };
}

/** Returns the tasks for the lock file, with commit and digest of files on the Hub. */
export function lockedTasks(settings: Settings, facts: PlanFacts): JsonObject[] {
  return askedTasks(settings).map(({ source, ...task }) => ({
    ...task,
    file: taskFile({ ...task, source }, facts),
    ...(source.kind === "hub" ? { hub: hubFile(source.ref, facts) } : {}),
  }));
}

/** Returns the files of questions for the provenance. */
export function taskTexts(settings: Settings, facts: PlanFacts): InputText[] {
  return askedTasks(settings).map((task) => {
    const { name, sha256 } = taskFile(task, facts);
    const { source } = task;
    if (source.kind === "hub") return { use: "task", name, ...hubInput(hubFile(source.ref, facts)) };
    return { use: "task", name, digest: { sha256: sha256 ?? "" } };
  });
}
