import { expect, test } from "vitest";
import { parseTaskFile, TaskFileFault, type TaskKind } from "../../src/llamacpp/task-file.js";
import { hellaswagFile, multipleChoiceFile, questions, winograndeFile } from "../fixtures/task-files.js";

const parse = (kind: TaskKind, content: string | Uint8Array) => parseTaskFile(kind, Buffer.from(content));

test("a file of each kind is read, and ends as llama-perplexity needs it", () => {
  const count = questions.length;
  const hellaswag = parse("hellaswag", hellaswagFile.trimEnd());
  expect(hellaswag).toMatchObject({ questions: count, mostAnswers: 4 });
  expect(Buffer.from(hellaswag.content).toString()).toBe(hellaswagFile);
  const winogrande = parse("winogrande", winograndeFile.replaceAll("\n", "\r\n"));
  expect(winogrande).toMatchObject({ questions: count, mostAnswers: 2 });
  expect(Buffer.from(winogrande.content).toString()).toBe(`${winograndeFile}\n`);
  const binary = multipleChoiceFile();
  expect(parse("multiple-choice", binary)).toEqual({ questions: count, leftOut: 0, mostAnswers: 4, content: binary });
});

test("questions whose answers all begin with one of them are left out", () => {
  const bad = { text: "How many?", answers: ["1", "10", "12"], right: 0 };
  const [first, ...rest] = questions;
  if (first === undefined) throw new Error("no questions");
  const binary = parse("multiple-choice", multipleChoiceFile([first, bad, ...rest]));
  expect(binary).toEqual({ questions: 12, leftOut: 1, mostAnswers: 4, content: multipleChoiceFile() });
  const hellaswag = parse("hellaswag", `Who?\n0\na\na\nab\na b\n${hellaswagFile}`);
  expect([hellaswag.leftOut, Buffer.from(hellaswag.content).toString()]).toEqual([1, hellaswagFile]);
  const winogrande = parse("winogrande", `0,Ann met Al and _ left,Al,Alan,1\n${winograndeFile}`);
  expect([winogrande.leftOut, Buffer.from(winogrande.content).toString()]).toEqual([1, `${winograndeFile}\n`]);
  const empty = { ...first, answers: [...first.answers, ""] };
  const nameless = { ...first, text: "" };
  expect(() => parse("multiple-choice", multipleChoiceFile([bad, empty, nameless]))).toThrow(
    /can score none of its questions/,
  );
});

const withAnswers = (...answers: string[]) => multipleChoiceFile([{ text: "Who?", answers, right: 0 }]);
const moved = multipleChoiceFile();
moved.writeUInt32LE(9, 8);
const twoRight = multipleChoiceFile();
twoRight.writeUInt32LE(1, twoRight.length - 8);

test.each<[TaskKind, string, string | Uint8Array, RegExp]>([
  ["hellaswag", "a missing line", hellaswagFile.replace(/.*\n$/, ""), /at line 67 has fewer than 6 lines/],
  ["hellaswag", "a wrong number", hellaswagFile.replace("\n0\n", "\n4\n"), /line 2 is not the number of an ending/],
  ["hellaswag", "an empty line", `\n${hellaswagFile}`, /line 1 is empty/],
  ["hellaswag", "another encoding", Uint8Array.of(0xe4, 0x0a), /not UTF-8/],
  ["winogrande", "a missing part", "0,Ann met Bo and _ left,Ann,Bo", /line 1 is not/],
  ["winogrande", "an open quote", `0,"Ann met Bo, and _ left,Ann,Bo,1`, /line 1 is not/],
  ["winogrande", "no gap", `${winograndeFile}9,Ann left,Ann,Bo,1`, /line 13 has no gap/],
  ["winogrande", "a wrong answer", "0,Ann met Bo and _ left,Ann,Bo,3", /neither 1 nor 2/],
  ["winogrande", "no questions", "", /line 1 is empty/],
  ["multiple-choice", "a text", hellaswagFile, /not a binary file of questions/],
  ["multiple-choice", "no content", "", /ends in its header/],
  ["multiple-choice", "no questions", Buffer.alloc(4), /no questions/],
  ["multiple-choice", "its end cut off", multipleChoiceFile().subarray(0, -9), /it ends in question 12/],
  ["multiple-choice", "a wrong offset", moved, /question 2 is at byte \d+ instead of 9/],
  ["multiple-choice", "two right answers", twoRight, /question 12 has 2 right answers/],
  ["multiple-choice", "too many answers", withAnswers(..."x".repeat(101)), /101 answers, more than 100/],
])("%s with %s is refused", (kind, _what, content, message) => {
  expect(() => parse(kind, content)).toThrow(TaskFileFault);
  expect(() => parse(kind, content)).toThrow(message);
});
