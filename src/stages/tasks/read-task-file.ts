import { parseTaskFile, type TaskFile, TaskFileFault, type TaskKind } from "../../llamacpp/task-file.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";

const formats: Readonly<Record<TaskKind, string>> = {
  hellaswag: "6 lines a question: the context, the number of the right ending from 0, and 4 endings",
  winogrande: "a line a question: `number,sentence with _,choice,choice,1 or 2`",
  "multiple-choice": "llama.cpp's binary file of questions, such as those of ARC, MMLU and TruthfulQA",
};

/** Checks a file of questions before llama-perplexity reads it. Throws QS-TASK-FILE with the line or question. */
export function readTaskFile(kind: TaskKind, name: string, bytes: Uint8Array): TaskFile {
  try {
    return parseTaskFile(kind, bytes);
  } catch (error) {
    if (!(error instanceof TaskFileFault)) throw error;
    throw new QuantsmithError(
      "QS-TASK-FILE",
      `${quote(name)} is not a file of questions for ${kind}: ${error.message}`,
      {
        remedy: `Correct the file, or set another \`kind\`. The format is ${formats[kind]}.`,
        cause: error,
      },
    );
  }
}
