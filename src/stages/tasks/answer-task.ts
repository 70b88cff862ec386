import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readUnchanged } from "../../corpus/read-unchanged.js";
import { answerQuestions } from "../../llamacpp/answer-questions.js";
import type { TaskKind } from "../../llamacpp/task-file.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { quote } from "../../util/quote.js";
import { sha256 } from "../../util/sha256.js";
import type { Warning } from "../../util/warnings.js";
import { requireMemory } from "../require-memory.js";
import { type Operation, requiredInput } from "../stage.js";
import { linkInput, readReport, toolRun, writeReport } from "../step-files.js";
import { requireIntact, type StructureReport } from "../validate/check-structure.js";
import { readTaskFile } from "./read-task-file.js";

export interface TaskParams extends JsonObject {
  kind: TaskKind;
  /** Name for reports; `sha256` is null for a file that is fetched. */
  file: { readonly name: string; readonly sha256: string | null };
  /** Maximum number of questions; a smaller file has fewer. */
  questions: number;
}

/** `task.json`: the answers of one model, as llama-perplexity orders the questions. */
export interface TaskReport {
  kind: TaskKind;
  file: string;
  sha256: string;
  /** For each question, `1` for a right answer and `0` for a wrong one. */
  outcomes: string;
}

/** Reported once, by the base. */
function unscorable(file: string, leftOut: number, questions: number): Warning {
  return {
    code: "QW-TASK-QUESTIONS",
    message: `${leftOut} of the ${questions} questions of ${quote(file)} are not asked: all their answers begin with one of them, which llama-perplexity cannot score`,
    remedy: "Ignore this, or write longer answers.",
  };
}

/** Tokens that llama-perplexity evaluates together. */
const batchTokens = 2048;

/**
 * Lets a model answer the questions of a task. Inputs `model`, `questions`, for a variant `structure`; output `task.json`.
 * Errors: QS-TASK-*, QS-VALIDATE-*, QS-INPUT-CHANGED, QS-ENV-OOM.
 */
export const answerTask: Operation<TaskParams> = {
  id: "answer-task",
  stage: "validate",
  version: 1,
  resource: "compute",
  usesDevices: () => true,
  tools: ["llama.cpp"],
  async run({ kind, file, questions: limit }, context) {
    const structure = await readReport<StructureReport>(context.input("structure"));
    if (structure !== undefined) requireIntact(structure);
    const bytes = await readUnchanged(requiredInput(context, "questions"), file.sha256 ?? context.digest("questions"));
    const { content, leftOut, ...found } = readTaskFile(kind, file.name, bytes);
    if (leftOut > 0 && structure === undefined) context.warn(unscorable(file.name, leftOut, found.questions + leftOut));
    await requireMemory(context, batchTokens);
    const questions = "questions.txt";
    await writeFile(join(context.work, questions), content);
    const model = await linkInput(context, "model", "model.gguf");
    const run = await answerQuestions({ ...(await toolRun(context)), ...found, model, kind, file: questions, limit });
    const report: TaskReport = {
      ...{ kind, file: file.name, sha256: sha256(bytes) },
      outcomes: run.outcomes.map((right) => (right ? "1" : "0")).join(""),
    };
    await writeReport(context, "task.json", report);
    return { commands: [run.argv], peakMemoryBytes: run.peakMemoryBytes };
  },
};
