import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { CorpusText } from "../corpus/assemble-corpus.js";
import type { CorpusUse } from "../corpus/sample-prompts.js";
import { hubUrl } from "../hub/hub-url.js";
import { evaluationFile } from "../recipe/default-categories.js";
import type { CorpusSource, EvaluationCategory, Settings } from "../recipe/settings.js";
import type { InputText } from "../release/release-facts.js";
import { fetchedText, type HubTextFile } from "../stages/fetch/fetch-texts.js";
import type { JsonObject } from "../util/canonical-json.js";
import { packageRoot } from "../util/package-root.js";
import type { PlanFacts } from "./facts.js";
import { outputOf } from "./make-step.js";
import type { StepInput } from "./plan.js";

export type CorpusKind = CorpusUse;

/** Uses of texts, in the order of the overlap check: a later use must not repeat texts of an earlier one. */
export const corpusKinds = ["calibration", "search", "evaluation"] as const;

/** The stage that reads the texts of each use, and samples those that are `self`. */
export const readingStage = { calibration: "calibrate", search: "allocate", evaluation: "validate" } as const;

/** Returns the uses whose texts the steps of this recipe read. */
export function usedKinds(settings: Settings): CorpusKind[] {
  return corpusKinds.filter((kind) =>
    kind === "search" ? searches(settings) : settings.stages.includes(readingStage[kind]),
  );
}

/** Probes read the search text, and the measurement of a Q8_0 copy of the base. */
function searches({ stages, variants, probes, base }: Settings): boolean {
  if (base === "Q8_0" && stages.includes("validate")) return true;
  return stages.includes("allocate") && probes !== "none" && variants.some(({ kind }) => kind === "dynamic");
}

/** Returns the local file of a text; undefined for a text that is fetched or sampled during the run. */
export function localFile(source: CorpusSource, kind: CorpusKind, { calibration }: Settings): string | undefined {
  switch (source.kind) {
    case "file":
      return source.path;
    case "default": {
      const chat = kind === "calibration" && calibration.chatTemplate;
      const whole = chat ? "calibration-chat.jsonl" : `${kind}.txt`;
      const file = source.category === undefined ? whole : evaluationFile(source.category);
      return fileURLToPath(new URL(`corpora/${file}`, packageRoot));
    }
    case "self":
    case "hub":
      return undefined;
  }
}

/** Returns names and digests of a corpus for a step's parameters. */
export function corpusTexts(kind: CorpusKind, settings: Settings, facts: PlanFacts): CorpusText[] {
  return settings[kind].corpus.map((source) => {
    const path = localFile(source, kind, settings);
    if (path !== undefined) {
      // The prefix distinguishes the bundled text from the user's texts on the model card.
      const prefix = source.kind === "default" ? "quantsmith-" : "";
      return { name: `${prefix}${basename(path)}`, sha256: digestOf(path, facts) };
    }
    return source.kind === "hub"
      ? { name: hubTextName(hubFile(source.ref, facts)), sha256: null }
      : { name: "self-sampled.txt", sha256: null };
  });
}

/** Returns names and digests of a category's texts; of the whole corpus without a category. */
export function categoryTexts(
  category: EvaluationCategory | undefined,
  settings: Settings,
  facts: PlanFacts,
): CorpusText[] {
  const texts = corpusTexts("evaluation", settings, facts);
  return category === undefined ? texts : texts.slice(category.first, category.first + category.texts);
}

/** Returns the inputs `text0`, `text1`, … in the order of `categoryTexts`. */
export function categoryInputs(
  category: EvaluationCategory | undefined,
  settings: Settings,
  facts: PlanFacts,
): Record<string, StepInput> {
  const inputs = corpusInputs("evaluation", settings, facts);
  if (category === undefined) return inputs;
  const own = Object.values(inputs).slice(category.first, category.first + category.texts);
  return Object.fromEntries(own.map((input, index) => [`text${index}`, input]));
}

/** Returns a corpus for the lock file, with commit and digest of texts from the Hub. */
export function lockedTexts(kind: CorpusKind, settings: Settings, facts: PlanFacts): JsonObject[] {
  const { corpus } = settings[kind];
  return corpusTexts(kind, settings, facts).map((text, index) => {
    const source = corpus[index];
    return source?.kind === "hub" ? { ...text, hub: hubFile(source.ref, facts) } : text;
  });
}

/** Returns a corpus for the provenance, with URI and digest of each text. */
export function inputTexts(kind: CorpusKind, settings: Settings, facts: PlanFacts): InputText[] {
  const { corpus } = settings[kind];
  return corpusTexts(kind, settings, facts).map(({ name, sha256 }, index): InputText => {
    const source = corpus[index];
    if (source?.kind !== "hub") return { use: kind, name, ...(sha256 === null ? {} : { digest: { sha256 } }) };
    return { use: kind, name, ...hubInput(hubFile(source.ref, facts)) };
  });
}

/** Returns data set, address and digest of a file on the Hub. */
export function hubInput({
  dataset,
  commit,
  path,
  digest,
}: HubTextFile): Pick<InputText, "dataset" | "uri" | "digest"> {
  const [algorithm, value = ""] = digest.split(":");
  return {
    dataset,
    uri: encodeURI(hubUrl(`datasets/${dataset}`, `/resolve/${commit}/${path}`)),
    digest: algorithm === "sha256" ? { sha256: value } : { gitBlob: value },
  };
}

/** Returns the inputs `text0`, `text1`, … in the order of `corpusTexts`. */
export function corpusInputs(kind: CorpusKind, settings: Settings, facts: PlanFacts): Record<string, StepInput> {
  let fetched = 0;
  return Object.fromEntries(
    settings[kind].corpus.map((source, index): [string, StepInput] => {
      const path = localFile(source, kind, settings);
      if (path !== undefined) return [`text${index}`, { kind: "outside", path, digest: digestOf(path, facts) }];
      if (source.kind === "hub") return [`text${index}`, outputOf(fetchId(kind), fetchedText(fetched++, source))];
      return [`text${index}`, outputOf(sampleId(kind), "self.txt")];
    }),
  );
}

/** Returns the id of the step that fetches the Hub's texts of one use. */
export function fetchId(kind: CorpusKind): string {
  return `fetch:${kind}-text`;
}

/** Returns the id of the step that samples the text of one use from the model. */
export function sampleId(kind: CorpusKind): string {
  return `${readingStage[kind]}:sample`;
}

/** Returns the Hub's texts of one use, in the recipe's order. */
export function hubFiles(kind: CorpusKind, settings: Settings, facts: PlanFacts) {
  return settings[kind].corpus.flatMap((source) =>
    source.kind === "hub" ? [{ revision: source.revision, file: hubFile(source.ref, facts) }] : [],
  );
}

/** Returns the file behind a reference `org/dataset@revision/path`. */
export function hubFile(ref: string, facts: PlanFacts): HubTextFile {
  const file = facts.hubTexts.get(ref);
  if (file === undefined) throw new Error(`${ref} was planned without its Hub file`);
  return file;
}

/** Returns the name for the model card: data set, commit and path. */
export function hubTextName({ dataset, commit, path, member }: HubTextFile): string {
  return `hf:${dataset}@${commit.slice(0, 12)}/${path}${member === null ? "" : `/${member}`}`;
}

/** Returns the sha256 of a local text. */
export function digestOf(path: string, facts: PlanFacts): string {
  const digest = facts.texts.get(path);
  if (digest === undefined) throw new Error(`${path} was planned without its digest`);
  return digest;
}
