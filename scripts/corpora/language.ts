import type { CorpusUse } from "../../src/corpus/sample-prompts.js";
import { capital, fill, share } from "./phrases.js";
import type { Random } from "./random.js";

/** What sentences of one language are made of. */
export interface Language {
  /** In the language itself. */
  name: string;
  /** Sentences with the slots below; `{verb}` and `{rest}` are the two parts of a predicate, `verb|rest`. */
  patterns: readonly string[];
  subject: readonly string[];
  /** With `{object}`; the long part of a sentence, of which each use has its own. */
  predicate: readonly string[];
  object: readonly string[];
  time: readonly string[];
  place: readonly string[];
  opener: readonly string[];
  /** Between sentences; a space where nothing is said. */
  gap?: string;
}

/** A paragraph of so many sentences. */
export function paragraph(language: Language, use: CorpusUse, sentences: number, random: Random): string {
  // All of them come before one comes again.
  let predicates: string[] = [];
  const next = () => {
    if (predicates.length === 0) predicates = random.shuffled(share(language.predicate, use));
    return predicates.pop() ?? "";
  };
  const { subject, object, time, opener } = language;
  const phrases = { subject, object, time, opener, place: share(language.place, use) };
  const made = Array.from({ length: sentences }, () => {
    // Verb and rest belong together, so each pair is chosen before the pattern is filled.
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
