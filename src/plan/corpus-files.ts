import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { CorpusText } from "../corpus/assemble-corpus.js";
import type { CorpusUse } from "../corpus/sample-prompts.js";
import { hubUrl } from "../hub/hub-url.js";
import type { CorpusSource, Settings } from "../recipe/settings.js";
import type { TextMaterial } from "../release/release-facts.js";
import { fetchedText } from "../stages/fetch/fetch-texts.js";
import type { JsonObject } from "../util/canonical-json.js";
import { packageRoot } from "../util/package-root.js";
import type { PlanFacts } from "./facts.js";
import { outputOf } from "./make-step.js";
import type { StepInput } from "./plan.js";

export type CorpusKind = CorpusUse;

/** The uses of texts in the order in which they may not repeat each other. */
export const corpusKinds = ["calibration", "search", "evaluation"] as const;

/** The stage that reads the text of each kind, and that samples it where it is `self`. */
export const readingStage = { calibration: "calibrate", search: "allocate", evaluation: "validate" } as const;

/** The kinds of text that the steps of this recipe read. */
export function usedKinds({ stages, variants, probes }: Settings): CorpusKind[] {
  const searching = probes !== "none" && variants.some(({ kind }) => kind === "dynamic");
  return corpusKinds.filter((kind) => stages.includes(readingStage[kind]) && (kind !== "search" || searching));
}

/** The local file of a text; undefined for one that comes to be in the run. */
export function localFile(source: CorpusSource, kind: CorpusKind, { calibration }: Settings): string | undefined {
  switch (source.kind) {
    case "file":
      return source.path;
    case "default": {
      const chat = kind === "calibration" && calibration.chatTemplate;
      return fileURLToPath(new URL(`corpora/${kind}${chat ? "-chat.jsonl" : ".txt"}`, packageRoot));
    }
    case "self":
    case "hub":
      return undefined;
  }
}

/** Names and digests of a corpus for a step's parameters. */
export function corpusTexts(kind: CorpusKind, settings: Settings, facts: PlanFacts): CorpusText[] {
  return settings[kind].corpus.map((source) => {
    const path = localFile(source, kind, settings);
    if (path !== undefined) {
      // On the card the bundled text must not look like one of the user's.
      const prefix = source.kind === "default" ? "quantsmith-" : "";
      return { name: `${prefix}${basename(path)}`, sha256: digestOf(path, facts) };
    }
    return source.kind === "hub"
      ? { name: hubTextName(hubFile(source.ref, facts)), sha256: null }
      : { name: "self-sampled.txt", sha256: null };
  });
}

/** A corpus for the lock file: what comes from the Hub with its commit and digest. */
export function lockedTexts(kind: CorpusKind, settings: Settings, facts: PlanFacts): JsonObject[] {
  const { corpus } = settings[kind];
  return corpusTexts(kind, settings, facts).map((text, index) => {
    const source = corpus[index];
    return source?.kind === "hub" ? { ...text, hub: hubFile(source.ref, facts) } : text;
  });
}

/** A corpus for the provenance: where each text can be had, and its digest. */
export function textMaterials(kind: CorpusKind, settings: Settings, facts: PlanFacts): TextMaterial[] {
  const { corpus } = settings[kind];
  return corpusTexts(kind, settings, facts).map(({ name, sha256 }, index): TextMaterial => {
    const source = corpus[index];
    if (source?.kind !== "hub") return { use: kind, name, ...(sha256 === null ? {} : { digest: { sha256 } }) };
    const { dataset, commit, path, digest } = hubFile(source.ref, facts);
    const [algorithm, value = ""] = digest.split(":");
    return {
      ...{ use: kind, name, dataset },
      uri: encodeURI(hubUrl(`datasets/${dataset}`, `/resolve/${commit}/${path}`)),
      digest: algorithm === "sha256" ? { sha256: value } : { gitBlob: value },
    };
  });
}

/** The inputs `text0`, `text1`, … in the order of `corpusTexts`. */
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

/** The step that brings the Hub's texts of one kind. */
export function fetchId(kind: CorpusKind): string {
  return `fetch:${kind}-text`;
}

/** The step that samples the text of one kind from the model. */
export function sampleId(kind: CorpusKind): string {
  return `${readingStage[kind]}:sample`;
}

/** The texts of one kind on the Hub, in the recipe's order. */
export function hubFiles(kind: CorpusKind, settings: Settings, facts: PlanFacts) {
  return settings[kind].corpus.flatMap((source) =>
    source.kind === "hub" ? [{ revision: source.revision, file: hubFile(source.ref, facts) }] : [],
  );
}

function hubFile(ref: string, facts: PlanFacts) {
  const file = facts.hubTexts.get(ref);
  if (file === undefined) throw new Error(`${ref} was planned without being looked up`);
  return file;
}

/** As the card shows it: what it is, and exactly which one. */
function hubTextName({ dataset, commit, path, member }: ReturnType<typeof hubFile>): string {
  return `hf:${dataset}@${commit.slice(0, 12)}/${path}${member === null ? "" : `/${member}`}`;
}

function digestOf(path: string, facts: PlanFacts): string {
  const digest = facts.texts.get(path);
  if (digest === undefined) throw new Error(`${path} was planned without its digest`);
  return digest;
}
