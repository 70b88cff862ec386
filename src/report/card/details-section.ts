import { comparedBase, figureCells, figureTitles, notJudged, smokeCell } from "../../release/figures.js";
import { taskNote, taskRows, taskTitles } from "../../release/task-score.js";
import { assetPaths } from "../assets.js";
import { joinBlocks } from "../card-layout.js";
import { describeComparators } from "../describe-comparators.js";
import { describeEarlyStop } from "../describe-early-stop.js";
import { describeEvaluation } from "../describe-evaluation.js";
import { codeSpan, markdownDetails, markdownImage, markdownLink, markdownTable, markdownText } from "../markdown.js";
import type { CardFacts } from "./card-facts.js";
import { deviceDetails } from "./device-section.js";

/** Renders figures, charts and tables for those who look closer, all folded. */
export function detailsSection(facts: CardFacts): string {
  return joinBlocks([
    "## Details",
    markdownDetails("All figures, and what they mean", figures(facts)),
    ...tasks(facts),
    ...charts(facts),
    ...deviceDetails(facts),
  ]);
}

function figures(facts: CardFacts): string {
  const { report } = facts;
  // Without the gate column: a release contains only variants that passed.
  const rows = report.variants.map((variant) => [
    { markdown: markdownLink(variant.name, `./${variant.file}`) },
    ...figureCells(variant).slice(1, -1),
  ]);
  return joinBlocks([
    markdownTable(["File", ...figureTitles.slice(1, -1)], rows),
    measurement(facts),
    markdownText(describeComparators(report.variants) ?? ""),
    vectors(facts),
    `More figures: [report.html](./report.html) (open in a browser) and [release.json](./release.json).`,
  ]);
}

function measurement({ evaluation, report }: CardFacts): string {
  const unjudged = report.variants.some(({ smoke }) => smokeCell(smoke) === notJudged);
  const smoke = `Smoke: passed smoke-test prompts${unjudged ? `, or ${notJudged} if the base itself fails all of them` : ""}.`;
  if (evaluation === null) return `BPW: bits per weight. ${smoke}`;
  const early = describeEarlyStop(report);
  return [
    `Measured with llama-perplexity against the ${comparedBase(report)} on ${early === undefined ? "" : "up to "}${describeEvaluation(report, evaluation, codeSpan)}, not used for calibration.${early === undefined ? "" : ` ${markdownText(early)}`}`,
    `BPW: bits per weight. Mean KLD: mean Kullback-Leibler divergence from the base's next-token distribution in nats, ± standard error between chunks. Same top: share of tokens with the base's most likely token. ${smoke}${noiseFloor(report)}`,
  ].join("\n");
}

/** States the divergence of the base from its own stored logits. */
function noiseFloor({ base }: CardFacts["report"]): string {
  if (base?.noise === undefined) return "";
  return ` Noise floor: the base has a mean KLD of ${base.noise.kldMean.toFixed(5)} from its own logits, which are stored with 16 bits.`;
}

/** States how far the vectors of embedding models, or the relevances of rerankers, are from the base's. */
function vectors({ report }: CardFacts): string {
  const measured = report.variants.flatMap(({ name, smoke }) => {
    if (smoke?.cosineToBase === undefined && smoke?.rankToBase === undefined) return [];
    const figure = (value: number | undefined) => value?.toFixed(4) ?? "–";
    return [`${markdownText(name)} ${figure(smoke.cosineToBase)}, ${figure(smoke.rankToBase)}`];
  });
  if (measured.length === 0) return "";
  return `Vectors: smallest cosine to the vector of the ${comparedBase(report)} over the smoke-test prompts, and rank correlation of sentence pairs' similarities with the base's, 1 is lossless. ${measured.join("; ")}.`;
}

function tasks({ report: { variants } }: CardFacts): string[] {
  const rows = taskRows(variants);
  if (rows.length === 0) return [];
  return [
    markdownDetails("Multiple-choice questions", joinBlocks([markdownTable(taskTitles, rows), markdownText(taskNote)])),
  ];
}

function charts(facts: CardFacts): string[] {
  const dynamic = facts.report.variants.filter(({ allocation }) => allocation !== undefined);
  return [
    ...folded(
      facts,
      assetPaths.kldPercentiles,
      "KL divergence by token",
      "Percentiles of the KL divergence over tokens, by variant",
    ),
    ...dynamic.flatMap(({ name }) =>
      folded(
        facts,
        assetPaths.types(name),
        `Tensor types of ${name} by layer`,
        `Type of each tensor of ${name} by layer`,
      ),
    ),
    ...folded(
      facts,
      assetPaths.expertCoverage,
      "Expert coverage of the calibration text",
      "Calibration tokens per expert, by layer",
    ),
  ];
}

function folded({ assets }: CardFacts, path: string, summary: string, alternative: string): string[] {
  return assets.has(path) ? [markdownDetails(summary, markdownImage(alternative, path))] : [];
}
