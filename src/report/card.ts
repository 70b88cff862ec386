import { comparedBase, figureCells, figureTitles, formatMegabytes, notJudged, smokeCell } from "../release/figures.js";
import type { ProjectorFile } from "../release/release-report.js";
import { isOnCard, warningText } from "../util/warnings.js";
import { assetPaths } from "./assets.js";
import { describeComparators } from "./describe-comparators.js";
import { describeEarlyStop } from "./describe-early-stop.js";
import { describeKept } from "./describe-kept.js";
import { baseKind, describeSource } from "./describe-source.js";
import { type FrontMatterFacts, frontMatter } from "./front-matter.js";
import { describeSpeeds } from "./hardware/describe-speeds.js";
import { devicePicks } from "./hardware/device-picks.js";
import { fitGrids } from "./hardware/fit-grid.js";
import { listFittingDevices } from "./hardware/list-fitting-devices.js";
import { licenseSection } from "./license-section.js";
import { codeSpan, markdownDetails, markdownImage, markdownLink, markdownTable, markdownText } from "./markdown.js";
import { renderMethod } from "./render-method.js";
import { type RunSectionFacts, runSection } from "./run-section.js";

export interface CardFacts extends FrontMatterFacts, RunSectionFacts {
  /** Checkpoint files that can run code, used because the recipe sets `allowUnsafe`. */
  unsafe: readonly string[];
  calibration: { corpus: string; chunks: number; context: number } | null;
  evaluation: { corpus: string; chunks: number; context: number } | null;
  /** Paths of the charts in the release. */
  assets: ReadonlySet<string>;
}

/** Renders the model card, README.md of the release. Deterministic. */
export function renderCard(facts: CardFacts): string {
  const { report } = facts;
  return [
    frontMatter(facts),
    `# ${markdownText(report.model.name)} GGUF\n`,
    introduction(facts),
    ...unsafeWarning(facts),
    ...image(facts, assetPaths.sizeKld, `Size and mean KL divergence from the ${comparedBase(report)}, by variant`),
    ...devicePick(facts),
    "## Files\n",
    variantTable(facts),
    ...projectorNote(facts),
    ...keptNote(facts),
    ...mtpNote(facts),
    figuresNote(facts),
    ...comparatorNote(facts),
    ...image(facts, assetPaths.kldCategories, "Mean KL divergence of each variant by kind of text"),
    ...vectorNote(facts),
    ...warningNotes(facts),
    ...charts(facts),
    ...fitTables(facts),
    "## Run\n",
    runSection(facts),
    "## How it was made\n",
    renderMethod(facts),
    licenseSection(facts),
  ].join("\n");
}

function introduction({ report }: CardFacts): string {
  const base = report.base === null ? "" : ` (${formatMegabytes(report.base.bytes)} as ${baseKind(report)})`;
  return `Quantized variants of **${markdownText(report.model.name)}**${base}, ${report.model.files === undefined ? "converted" : "made"} from ${markdownText(describeSource(report))} with quantsmith and llama.cpp ${markdownText(report.toolchain.llamaCpp ?? "")}.\n`;
}

/** Warns that code from the checkpoint may have run during the build. */
function unsafeWarning({ unsafe }: CardFacts): string[] {
  if (unsafe.length === 0) return [];
  const files = unsafe.map(codeSpan).join(", ");
  return [`> **Warning:** built with \`allowUnsafe\` from files that can run code when opened: ${files}.\n`];
}

function variantTable({ report, hardware }: CardFacts): string {
  // Without the gate column: a release contains only variants that passed.
  const hasDevices = hardware.devices.length > 0;
  const titles = ["File", ...figureTitles.slice(1, -1), ...(hasDevices ? ["Fits on"] : [])];
  const larger = new Set(
    report.warnings?.flatMap(({ code, variant }) => (code === "QW-QUANTIZE-FALLBACK" ? [variant] : [])),
  );
  const rows = report.variants.map((variant) => [
    {
      markdown: `${markdownLink(variant.name, `./${variant.file}`)}${variant.allocation === undefined ? "" : " dynamic"}${larger.has(variant.name) ? ", larger types" : ""}`,
    },
    ...figureCells(variant).slice(1, -1),
    ...(hasDevices ? [listFittingDevices(variant.name, hardware)] : []),
  ]);
  return `${markdownTable(titles, rows)}\n`;
}

/** Note on the projector, without which every variant accepts only text. */
function projectorNote({ report: { projectors = [] } }: CardFacts): string[] {
  if (projectors.length === 0) return [];
  const links = projectors.map(({ file, bytes }) => `${markdownLink(file, `./${file}`)} (${formatMegabytes(bytes)})`);
  const sentences = [
    `For image or audio input, every variant also needs the projector ${links.join(" or ")}.`,
    ...(projectors.length > 1 ? ["llama.cpp's `-hf` downloads the one closest to the variant in bits."] : []),
    ...projectorLimits(projectors[0]),
  ];
  return [`${sentences.join(" ")}\n`];
}

/** States what pictures cost, and which input was not tested. */
function projectorLimits(projector: ProjectorFile | undefined): string[] {
  if (projector === undefined) return [];
  const { pictures, audio, pictureTokens, shown } = projector;
  return [
    ...(pictureTokens === null ? [] : [`A picture takes up to ${pictureTokens} tokens of the context.`]),
    ...(pictures ? [shown ? "The smoke test shows each variant a picture." : "Image input was not tested."] : []),
    ...(audio ? ["Audio input was not tested."] : []),
  ];
}

function keptNote({ report }: CardFacts): string[] {
  const kept = describeKept(report);
  return kept === undefined ? [] : [`${markdownText(kept)}\n`];
}

/** Note on separated layers for multi-token prediction. */
function mtpNote({ report: { mtp } }: CardFacts): string[] {
  if (mtp === undefined) return [];
  const link = markdownLink(mtp.file, `./${mtp.file}`);
  return [
    `Layers for multi-token prediction are in ${link} (${formatMegabytes(mtp.bytes)}), a draft for every variant: ${codeSpan(`--spec-type draft-mtp --model-draft ${mtp.file}`)} with llama.cpp's server. Its acceptance rate was not measured.\n`,
  ];
}

function figuresNote({ evaluation, report }: CardFacts): string {
  if (evaluation === null) return "The quality of these files was not measured.\n";
  const early = describeEarlyStop(report);
  const unjudged = report.variants.some(({ smoke }) => smokeCell(smoke) === notJudged);
  return [
    `Measured with llama-perplexity against the ${comparedBase(report)} on ${early === undefined ? "" : "up to "}${evaluation.chunks} × ${evaluation.context} tokens of ${codeSpan(evaluation.corpus)}, a text not used for calibration.${early === undefined ? "" : ` ${markdownText(early)}`}`,
    `BPW: bits per weight. Mean KLD: mean Kullback-Leibler divergence from the base's next-token distribution in nats, ± standard error from the variance between chunks of the text, 0 is lossless. vs preset: change of the mean KLD relative to the preset of llama.cpp below. Same top: share of tokens for which variant and base have the same most likely token. Smoke: passed smoke-test prompts${unjudged ? `, or ${notJudged} if the base itself fails all of them` : ""}.${noiseFloor(report)}\n`,
  ].join("\n");
}

function comparatorNote({ report }: CardFacts): string[] {
  const text = describeComparators(report.variants);
  return text === undefined ? [] : [`${markdownText(text)}\n`];
}

/** States how far the vectors of embedding models, or the relevances of rerankers, are from the base's. */
function vectorNote({ report }: CardFacts): string[] {
  const measured = report.variants.flatMap(({ name, smoke }) => {
    if (smoke?.cosineToBase === undefined && smoke?.rankToBase === undefined) return [];
    const figure = (value: number | undefined) => value?.toFixed(4) ?? "–";
    return [`${markdownText(name)} ${figure(smoke.cosineToBase)}, ${figure(smoke.rankToBase)}`];
  });
  if (measured.length === 0) return [];
  return [
    `Vectors: smallest cosine to the vector of the ${comparedBase(report)} over the smoke-test prompts, and rank correlation of 20 sentence pairs' similarities with the base's, 1 is lossless. ${measured.join("; ")}.\n`,
  ];
}

/** States the divergence of the base from its own stored logits. */
function noiseFloor({ base }: CardFacts["report"]): string {
  if (base?.noise === undefined) return "";
  return ` Noise floor: the base has a mean KLD of ${base.noise.kldMean.toFixed(5)} from its own logits, which are stored with 16 bits.`;
}

/** The warnings that people who download the files must know. */
function warningNotes({ report: { warnings = [] } }: CardFacts): string[] {
  return warnings.filter(isOnCard).map((warning) => `> **Warning:** ${markdownText(warningText(warning))}\n`);
}

/** Section with the recommended variant for each device. */
function devicePick({ hardware }: CardFacts): string[] {
  if (hardware.variants.length === 0) return [];
  const { titles, rows } = devicePicks(hardware);
  const link = (name: string) => hardware.variants.find((one) => one.name === name)?.file;
  const linked = rows.map(([device = "", name = "", ...cells]) => {
    const file = link(name);
    return [device, file === undefined ? name : { markdown: markdownLink(name, `./${file}`) }, ...cells];
  });
  return [
    "## Which file for which device\n",
    `${markdownTable(titles, linked)}\n`,
    `Fit: the memory that llama.cpp's allocator requests with an f16 KV cache, compared to the device's memory budget. Context: tokens.${describeSpeeds(hardware)} Sources, more contexts and all values: [hardware-compatibility.json](./hardware-compatibility.json).\n`,
  ];
}

function fitTables({ hardware }: CardFacts): string[] {
  return fitGrids(hardware).map(({ context, titles, rows }) => {
    const isComplete = rows.length === hardware.devices.length;
    const which = isComplete ? "All devices at" : "Devices with a variant for";
    return `${markdownDetails(`${which} ${context} tokens of context`, markdownTable(titles, rows))}\n`;
  });
}

/** Folded sections with the detailed charts. */
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

function folded(facts: CardFacts, path: string, summary: string, alternative: string): string[] {
  return facts.assets.has(path) ? [`${markdownDetails(summary, markdownImage(alternative, path))}\n`] : [];
}

function image({ assets }: CardFacts, path: string, alternative: string): string[] {
  return assets.has(path) ? [`${markdownImage(alternative, path)}\n`] : [];
}
