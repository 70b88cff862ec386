import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { CorpusSource } from "../recipe/settings.js";
import type { CorpusText } from "../stages/corpus.js";
import { packageRoot } from "../util/package-root.js";
import type { PlanFacts } from "./facts.js";
import type { StepInput } from "./plan.js";

export type CorpusKind = "calibration" | "search" | "evaluation";

/** The text files of a corpus: given ones as they are, `default` as the bundled text of that kind. */
export function corpusFiles(corpus: readonly CorpusSource[], kind: CorpusKind): string[] {
  return corpus.flatMap((source) => localFile(source, kind) ?? []);
}

function localFile(source: CorpusSource, kind: CorpusKind): string | undefined {
  switch (source.kind) {
    case "file":
      return source.path;
    case "default":
      return fileURLToPath(new URL(`recipes/demo/text/${kind}.txt`, packageRoot));
    case "self":
    case "hub":
      return undefined;
  }
}

/** Names and digests of a corpus for a step's parameters. */
export function corpusTexts(corpus: readonly CorpusSource[], kind: CorpusKind, facts: PlanFacts): CorpusText[] {
  return corpus.flatMap((source) => {
    const path = localFile(source, kind);
    // On the card the bundled text must not look like one of the user's.
    const prefix = source.kind === "default" ? "quantsmith-sample-" : "";
    return path === undefined ? [] : [{ name: `${prefix}${basename(path)}`, sha256: digestOf(path, facts) }];
  });
}

/** The inputs `text0`, `text1`, … in the order of `corpusTexts`. */
export function corpusInputs(
  corpus: readonly CorpusSource[],
  kind: CorpusKind,
  facts: PlanFacts,
): Record<string, StepInput> {
  return Object.fromEntries(
    corpusFiles(corpus, kind).map((path, index) => [
      `text${index}`,
      { kind: "outside", path, digest: digestOf(path, facts) },
    ]),
  );
}

function digestOf(path: string, facts: PlanFacts): string {
  const digest = facts.texts.get(path);
  if (digest === undefined) throw new Error(`${path} was planned without its digest`);
  return digest;
}
