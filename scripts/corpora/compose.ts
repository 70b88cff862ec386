import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import { exercises } from "./arithmetic.js";
import { program } from "./code.js";
import { type Dialogue, request, talk } from "./dialogues.js";
import { englishText } from "./english.js";
import { type Language, paragraph } from "./language.js";
import { europeanLanguages } from "./languages-european.js";
import { otherLanguages } from "./languages-other.js";
import { Random } from "./random.js";
import { record } from "./records.js";

/** Characters of each text: 200 and 40 chunks of 512 tokens at four characters per token, plus a quarter. */
const characters = { calibration: 540_000, search: 130_000 } as const;
/** Characters of each evaluation text: 20 chunks of 512 tokens, and 4 of 8192. */
const shortCharacters = 52_000;
const longCharacters = 164_000;
const seeds: Readonly<Record<CorpusUse, number>> = {
  calibration: 20_261_101,
  search: 20_261_102,
  evaluation: 20_261_103,
};
/** Characters of the conversations, which only calibration uses. */
const chatCharacters = 480_000;

/**
 * Returns quantsmith's text for one use: passages of all kinds in turn, so that every prefix has the same mixture.
 * `sampled` is text from a language model; the result includes whole paragraphs of it.
 */
export function composeText(use: "calibration" | "search", sampled: string): string {
  const random = new Random(seeds[use]);
  const next = passages(sampled, use, random);
  const european = inTurn(europeanLanguages, random);
  const other = inTurn(otherLanguages, random);
  const makers: (() => string)[] = [
    () => englishPart(use, random.between(2, 5), random),
    () => `${random.pick(["", "```\n"])}${program(use, random)}`.replace(/^(```\n[\s\S]*)$/, "$1```"),
    () => languageText(european(), use, random),
    next,
    () => exercises(use, random.between(3, 6), random),
    () => languageText(other(), use, random),
    () => record(use, random),
    () => namedTalk(use, random).text,
    next,
    () => languageText(random.pick([european, other])(), use, random),
  ];
  return composed(makers, characters[use], random);
}

/**
 * Returns quantsmith's evaluation texts by category, `chat` as conversations; `sampled` is text from a language model, for
 * the prose.
 */
export function composeEvaluation(sampled: string): Record<string, string> {
  const use = "evaluation";
  const random = new Random(seeds.evaluation);
  const next = passages(sampled, use, random);
  const european = inTurn(europeanLanguages, random);
  const other = inTurn(otherLanguages, random);
  const short = (...makers: (() => string)[]) => composed(makers, shortCharacters, random);
  return {
    prose: short(() => englishPart(use, random.between(2, 5), random), next),
    code: short(
      () => program(use, random),
      () => record(use, random),
    ),
    chat: chatLines(use, random),
    math: short(() => exercises(use, random.between(3, 6), random)),
    multilingual: short(
      () => languageText(european(), use, random),
      () => languageText(other(), use, random),
    ),
    long: composed([() => englishPart(use, 200, random)], longCharacters, random),
  };
}

/** Joins passages of all makers in turn, in random order, up to a length. */
function composed(makers: readonly (() => string)[], length: number, random: Random): string {
  let text = "";
  while (text.length < length) {
    for (const make of random.shuffled(makers)) text += `${make().trim()}\n\n`;
  }
  return `${text.trim()}\n`;
}

function englishPart(use: CorpusUse, paragraphs: number, random: Random): string {
  const { title, body } = englishText(use, paragraphs, random);
  return `${random.pick(["", "# ", "## "])}${title}\n\n${body}`;
}

/** Conversations for calibration through a chat template, one JSON object per line. */
export function composeConversations(): string {
  const random = new Random(seeds.calibration + 100);
  const lines: string[] = [];
  for (let length = 0; length < chatCharacters; ) {
    const turns = [0, 1, 2].includes(random.below(5)) ? request("calibration", random) : talk("calibration", random);
    const line = conversationLine(turns);
    lines.push(line);
    length += line.length;
  }
  return `${lines.join("\n")}\n`;
}

/** Conversations, one JSON object per line, as many as give a short text with names. */
function chatLines(use: CorpusUse, random: Random): string {
  const lines: string[] = [];
  const next = () => {
    const { turns, text } = namedTalk(use, random);
    lines.push(conversationLine(turns));
    return text;
  };
  composed([next], shortCharacters, random);
  return `${lines.join("\n")}\n`;
}

function conversationLine(turns: Dialogue): string {
  const messages = turns.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content }));
  return JSON.stringify({ messages });
}

/** Yields all items in random order, then again in another order. */
function inTurn<T>(list: readonly T[], random: Random): () => T {
  let rest: T[] = [];
  return () => {
    if (rest.length === 0) rest = random.shuffled(list);
    return rest.pop() ?? random.pick(list);
  };
}

function languageText(language: Language, use: CorpusUse, random: Random): string {
  return Array.from({ length: random.between(1, 3) }, () =>
    paragraph(language, use, random.between(3, 7), random),
  ).join("\n\n");
}

/** A conversation, and its text with names for the speakers. */
function namedTalk(use: CorpusUse, random: Random): { turns: Dialogue; text: string } {
  const [first, second] = random.pick([
    ["User", "Assistant"],
    ["Q", "A"],
    ["Guest", "Host"],
  ]);
  const turns = talk(use, random);
  const text = turns.map((turn, index) => `${index % 2 === 0 ? first : second}: ${turn}`).join("\n");
  return { turns, text };
}

/** Yields passages of about a thousand characters in random order. */
function passages(text: string, use: CorpusUse, random: Random): () => string {
  const blocks: string[] = [];
  let block = "";
  for (const part of text.split(/\n{2,}/)) {
    block += `${part}\n\n`;
    if (block.length < 1000) continue;
    blocks.push(block);
    block = "";
  }
  const order = random.shuffled(blocks);
  let index = 0;
  return () => order[index++] ?? languageText(random.pick(europeanLanguages), use, random);
}
