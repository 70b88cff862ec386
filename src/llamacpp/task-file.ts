import { decodeText } from "../util/decode-text.js";

/** Multiple choice by log-likelihood, as llama-perplexity scores it; the kind determines the format of the file. */
export const taskKinds = ["hellaswag", "winogrande", "multiple-choice"] as const;
export type TaskKind = (typeof taskKinds)[number];

/** A file of questions, checked. */
export interface TaskFile {
  /** Questions in `content`. */
  questions: number;
  /** Questions that are not in `content`, since llama-perplexity cannot score them (`isScorable`). */
  leftOut: number;
  /** Answers of the question with the most. */
  mostAnswers: number;
  /** The bytes for llama-perplexity, which drops the last line feed of a text, and a last line without one. */
  content: Uint8Array;
}

/** What is wrong with a file of questions. */
export class TaskFileFault extends Error {}

/**
 * Checks a file of questions for llama-perplexity, which crashes, skips questions or reads beyond the end on malformed
 * files. Formats: `hellaswag_score`, `load_winogrande_from_csv` and `multiple_choice_score` in llama.cpp's
 * `tools/perplexity/perplexity.cpp`. Throws TaskFileFault with the line or question.
 */
export function parseTaskFile(kind: TaskKind, bytes: Uint8Array): TaskFile {
  if (kind === "multiple-choice") return parseMultipleChoice(Buffer.from(bytes));
  const text = decodeText(bytes)?.replace(/\n+$/, "");
  if (text === undefined) throw new TaskFileFault("it is not UTF-8 text");
  const lines = text.split("\n");
  const bad = lines.findIndex((line) => line.trim() === "" || line.includes("\0"));
  if (bad !== -1) throw new TaskFileFault(`line ${bad + 1} is ${lines[bad]?.trim() === "" ? "empty" : "not text"}`);
  if (kind === "winogrande") {
    const kept = lines.filter((line, index) => isScorable(winograndeChoices(line, `line ${index + 1}`)));
    return { ...counts(lines.length, kept.length), mostAnswers: 2, content: Buffer.from(`${kept.join("\n")}\n\n`) };
  }
  const kept: string[] = [];
  for (let first = 0; first < lines.length; first += 6) {
    const question = lines.slice(first, first + 6);
    if (isScorable(hellaswagEndings(question, first + 1))) kept.push(...question);
  }
  return { ...counts(lines.length / 6, kept.length / 6), mostAnswers: 4, content: Buffer.from(`${kept.join("\n")}\n`) };
}

function counts(all: number, questions: number): Pick<TaskFile, "questions" | "leftOut"> {
  if (questions === 0) throw new TaskFileFault("llama-perplexity can score none of its questions");
  return { questions, leftOut: all - questions };
}

/**
 * Returns false if all answers begin with one of them, such as 1, 10 and 12: that one has no token of its own, and
 * llama-perplexity reads beyond its end. It refuses an empty answer, with which all begin, too.
 */
function isScorable(answers: readonly string[]): boolean {
  return !answers.some((answer) => answers.every((other) => other.startsWith(answer)));
}

/** Context, index of the right ending, and four endings, each on a line. */
function hellaswagEndings([, label = "", ...endings]: readonly string[], line: number): string[] {
  if (endings.length < 4) throw new TaskFileFault(`the question at line ${line} has fewer than 6 lines`);
  if (!/^[0-3]$/.test(label)) throw new TaskFileFault(`line ${line + 1} is not the number of an ending from 0 to 3`);
  return endings;
}

/** A part of a line up to a comma outside of double quotes. */
const field = '((?:[^,"]|"[^"]*")*)';
const winograndeLine = new RegExp(`^${field},${field},${field},${field},(.*)$`);

/** Number, sentence with `_` as the gap, two choices, and the number of the right one: `0,Ann thanked Bo as _ won.,Ann,Bo,2`. */
function winograndeChoices(line: string, place: string): string[] {
  const [, , sentence, first = "", second = "", answer = ""] = winograndeLine.exec(line) ?? [];
  if (sentence === undefined) throw new TaskFileFault(`${place} is not \`number,sentence,choice,choice,answer\``);
  if (!sentence.includes("_")) throw new TaskFileFault(`the sentence in ${place} has no gap \`_\``);
  if (!/^[12]$/.test(answer)) throw new TaskFileFault(`the answer in ${place} is neither 1 nor 2`);
  return [first, second];
}

/**
 * The number of questions, the offset of each, and the questions: text, answers with one right one, answers with several right
 * ones. Numbers have 32 bits, little-endian; a text is its length and its bytes.
 */
function parseMultipleChoice(file: Buffer): TaskFile {
  let at = 0;
  const number = (place: string): number => {
    if (at + 4 > file.length) throw new TaskFileFault(`it ends in ${place}`);
    at += 4;
    return file.readUInt32LE(at - 4);
  };
  const text = (place: string): string => {
    const start = at + 4;
    const end = start + number(place);
    if (end > file.length) throw new TaskFileFault(`it ends in ${place}`);
    at = end;
    return file.toString("latin1", start, end);
  };
  const answers = (place: string) => {
    const count = number(place);
    if (count > maxAnswers) throw new TaskFileFault(`${place} has ${count} answers, more than ${maxAnswers}`);
    const texts = Array.from({ length: count }, () => text(place));
    return { texts, right: Array.from({ length: count }, () => number(place)).filter((label) => label === 1).length };
  };

  const questions = number("its header");
  if (questions === 0) throw new TaskFileFault("it has no questions");
  if (4 * questions > file.length - at) throw new TaskFileFault("it is not a binary file of questions for llama.cpp");
  const offsets = Array.from({ length: questions }, () => number("its header"));
  let mostAnswers = 0;
  const kept: Buffer[] = [];
  for (const [index, offset] of offsets.entries()) {
    const place = `question ${index + 1}`;
    if (offset !== at) throw new TaskFileFault(`${place} is at byte ${at} instead of ${offset}`);
    const question = text(place);
    const { texts, right } = answers(place);
    if (right !== 1) throw new TaskFileFault(`${place} has ${right} right answers instead of one`);
    answers(place);
    if (question === "" || !isScorable(texts)) continue;
    mostAnswers = Math.max(mostAnswers, texts.length);
    kept.push(file.subarray(offset, at));
  }
  return { ...counts(questions, kept.length), mostAnswers, content: joinQuestions(kept) };
}

/** Returns a binary file of these questions. */
function joinQuestions(questions: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(4 + 4 * questions.length);
  header.writeUInt32LE(questions.length);
  let at = header.length;
  for (const [index, question] of questions.entries()) {
    header.writeUInt32LE(at, 4 + 4 * index);
    at += question.length;
  }
  return Buffer.concat([header, ...questions]);
}

/** llama-perplexity's limit. */
const maxAnswers = 100;
