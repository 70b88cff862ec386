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
import { evaluatedBase } from "./evaluated-base.js";
import type { PlanFacts } from "./facts.js";
import { outputOf, step } from "./make-step.js";
import type { Step, StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";

/** The step that checks texts fetched or sampled during the run for overlap. */
const overlapCheckId = "validate:texts";

/** Maximum tokens of one sampled piece, as in the usual chunk. */
const maxPieceTokens = 512;
/** Slightly below 1.0, at which a small model becomes incoherent too often. */
const temperature = 0.95;
/** Sampled text usually has fewer tokens when it is tokenized again. */
const tokenMargin = 1.15;

/** Fetches and samples the texts that are not local files, and checks all texts for overlap. */
export function textSteps(settings: Settings, facts: PlanFacts): Step[] {
  const kinds = usedKinds(settings);
  const steps = kinds.flatMap((kind) => [...fetchStep(kind, settings, facts), ...sampleStep(kind, settings)]);
  return steps.length > 0 && kinds.length > 1 && kinds.includes("evaluation")
    ? [...steps, overlapCheckStep(kinds, settings, facts)]
    : steps;
}

/** Returns the input that keeps a variant from being measured on a text it was made from. */
export function overlapCheckInput(settings: Settings, facts: PlanFacts): Record<string, StepInput> {
  return textSteps(settings, facts).some(({ id }) => id === overlapCheckId)
    ? { texts: outputOf(overlapCheckId, "texts.json") }
    : {};
}

function fetchStep(kind: CorpusKind, settings: Settings, facts: PlanFacts): Step[] {
  const needed = hubFiles(kind, settings, facts);
  if (needed.length === 0) return [];
  const operation = fetchTexts({ revisions: needed.map(({ revision }) => revision) });
  const files = needed.map(({ file }) => file);
  return [step(fetchId(kind), operation, { files }, {}, predictBytes.texts(files))];
}

function sampleStep(kind: CorpusKind, settings: Settings): Step[] {
  const { corpus, chunks } = settings[kind];
  const selfSources = corpus.filter((source) => source.kind === "self").length;
  if (selfSources === 0) return [];
  // Probes read their text in chunks of the evaluation's size.
  const { context } = kind === "calibration" ? settings.calibration : settings.evaluation;
  const tokens = Math.ceil((chunks * context * tokenMargin) / corpus.length);
  const operation = { ...sampleText, stage: readingStage[kind] };
  const params = { use: kind, tokens, pieceTokens: Math.min(maxPieceTokens, tokens), temperature };
  return [step(sampleId(kind), operation, params, { model: evaluatedBase(settings) }, predictBytes.report())];
}

function overlapCheckStep(kinds: readonly CorpusKind[], settings: Settings, facts: PlanFacts): Step {
  const texts = kinds.flatMap((use) => corpusTexts(use, settings, facts).map(({ name }) => ({ use, name })));
  const files = kinds.flatMap((kind) => Object.values(corpusInputs(kind, settings, facts)));
  const inputs = Object.fromEntries(files.map((file, index) => [`text${index}`, file]));
  return step(overlapCheckId, checkTextOverlap, { texts }, inputs, predictBytes.report());
}
