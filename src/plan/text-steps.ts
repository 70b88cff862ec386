import type { Settings } from "../recipe/settings.js";
import { sampleText } from "../stages/calibrate/sample-text.js";
import { fetchTexts } from "../stages/fetch/fetch-texts.js";
import { checkTextOverlap } from "../stages/validate/check-text-overlap.js";
import {
  type CorpusKind,
  corpusInputs,
  corpusTexts,
  fetchId,
  hubFiles,
  readingStage,
  sampleId,
  usedKinds,
} from "./corpus-files.js";
import type { PlanFacts } from "./facts.js";
import { outputOf, step } from "./make-step.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";

/** The step whose output says that no two texts overlap; there is one when a text comes to be in the run. */
const overlapCheckId = "validate:texts";

/** Tokens of one sampled piece at most: as many as the usual chunk has. */
const maxPieceTokens = 512;
/** A little above nothing taken away: at 1.0 a small model loses the thread too often. */
const temperature = 0.95;
/** What is sampled is not tokenized again in the same way, and usually in fewer tokens. */
const tokenMargin = 1.15;

/** Brings and samples the texts that are not local files, and compares them with the others. */
export function textSteps(settings: Settings, facts: PlanFacts): Step[] {
  const kinds = usedKinds(settings);
  const steps = kinds.flatMap((kind) => [...fetchStep(kind, settings, facts), ...sampleStep(kind, settings)]);
  return steps.length > 0 && kinds.length > 1 && kinds.includes("evaluation")
    ? [...steps, overlapCheckStep(kinds, settings, facts)]
    : steps;
}

/** What a step that measures variants reads so that none is measured on a text that made it. */
export function overlapCheckInput(settings: Settings, facts: PlanFacts): Record<string, StepInput> {
  return textSteps(settings, facts).some(({ id }) => id === overlapCheckId)
    ? { texts: outputOf(overlapCheckId, "texts.json") }
    : {};
}

function fetchStep(kind: CorpusKind, settings: Settings, facts: PlanFacts): Step[] {
  const wanted = hubFiles(kind, settings, facts);
  if (wanted.length === 0) return [];
  const operation = fetchTexts({ revisions: wanted.map(({ revision }) => revision) });
  const files = wanted.map(({ file }) => file);
  return [step(fetchId(kind), operation, { files }, {}, predictBytes.texts(files))];
}

function sampleStep(kind: CorpusKind, settings: Settings): Step[] {
  const { corpus, chunks } = settings[kind];
  const selfSources = corpus.filter((source) => source.kind === "self").length;
  if (selfSources === 0) return [];
  // Probes read their text in the evaluation's chunks.
  const { context } = kind === "calibration" ? settings.calibration : settings.evaluation;
  const tokens = Math.ceil((chunks * context * tokenMargin) / corpus.length);
  const operation = { ...sampleText, stage: readingStage[kind] };
  const params = { use: kind, tokens, pieceTokens: Math.min(maxPieceTokens, tokens), temperature };
  return [step(sampleId(kind), operation, params, { model: outputOf("convert", "model.gguf") }, predictBytes.report())];
}

function overlapCheckStep(kinds: readonly CorpusKind[], settings: Settings, facts: PlanFacts): Step {
  const texts = kinds.flatMap((use) => corpusTexts(use, settings, facts).map(({ name }) => ({ use, name })));
  const files = kinds.flatMap((kind) => Object.values(corpusInputs(kind, settings, facts)));
  const inputs = Object.fromEntries(files.map((file, index) => [`text${index}`, file]));
  return step(overlapCheckId, checkTextOverlap, { texts }, inputs, predictBytes.report());
}
