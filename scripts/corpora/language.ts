import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import { capital, fill, share } from "./phrases.js";
import type { Random } from "./random.js";

/** Sentence parts of one language. */
export interface Language {
  /** In the language itself. */
  name: string;
  /** Sentences with the slots below; `{verb}` and `{rest}` are the two parts of a predicate, `verb|rest`. */
  patterns: readonly string[];
  subject: readonly string[];
  /** With `{object}`; the long part of a sentence, different for each use. */
  predicate: readonly string[];
  object: readonly string[];
  time: readonly string[];
  place: readonly string[];
  opener: readonly string[];
  /** Between sentences; default: a space. */
  gap?: string;
}

/** Returns a paragraph with the given number of sentences. */
export function paragraph(language: Language, use: CorpusUse, sentences: number, random: Random): string {
  // Every item is used before one repeats.
  let predicates: string[] = [];
  const next = () => {
    if (predicates.length === 0) predicates = random.shuffled(share(language.predicate, use));
    return predicates.pop() ?? "";
  };
  const { subject, object, time, opener } = language;
  const phrases = { subject, object, time, opener, place: share(language.place, use) };
  const made = Array.from({ length: sentences }, () => {
    // Verb and rest form a pair, so the pair is chosen before the pattern is filled.
    const pattern = random.pick(language.patterns).replace(/\{verb\}(.*?)\{rest\}/g, (_, between: string) => {
      const [verb = "", rest = ""] = next().split("|");
      return `${verb}${between}${rest}`;
    });
    return capital(fill(pattern, phrases, random)).replace(
      /([„«—] ?)(\p{Ll})/u,
      (_, mark: string, first: string) => mark + first.toUpperCase(),
    );
  });
  return made.join(language.gap ?? " ");
}
