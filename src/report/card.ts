import { figureCells, figureTitles, formatMegabytes } from "../release/figures.js";
import { assetPaths } from "./assets.js";
import { describeEarlyStop } from "./describe-early-stop.js";
import { describeNameMismatch } from "./describe-name-mismatch.js";
import { type FrontMatterFacts, frontMatter } from "./front-matter.js";
import { devicePicks } from "./hardware/device-picks.js";
import { fitGrids } from "./hardware/fit-grid.js";
import { listFittingDevices } from "./hardware/list-fitting-devices.js";
import { licenseSection } from "./license-section.js";
import { codeSpan, markdownLink, markdownTable, markdownText } from "./markdown.js";
import { renderMethod } from "./render-method.js";
import { type RunSectionFacts, runSection } from "./run-section.js";

export interface CardFacts extends FrontMatterFacts, RunSectionFacts {
  /** Files of the checkpoint that can run code, taken on request. */
  unsafe: readonly string[];
  calibration: { corpus: string; chunks: number; context: number } | null;
  evaluation: { corpus: string; chunks: number; context: number } | null;
  /** What is to be said about the files for Ollama; empty for nothing. */
  ollamaNote: string;
  /** Paths of the charts that lie beside the card. */
  assets: ReadonlySet<string>;
}

/** The model card: README.md of the release. Pure, and the same for the same facts. */
export function renderCard(facts: CardFacts): string {
  const { report } = facts;
  return [
    frontMatter(facts),
    `# ${markdownText(report.model.name)} GGUF\n`,
    introduction(facts),
    ...unsafeWarning(facts),
    ...image(facts, assetPaths.sizeKld, "Size of each variant against its mean KL divergence from the 16-bit base"),
    ...devicePick(facts),
    "## Files\n",
    variantTable(facts),
    ...projectorNote(facts),
    figuresNote(facts),
    ...nameNotes(facts),
    ...charts(facts),
    ...fitTables(facts),
    "## Run\n",
    runSection(facts),
    ...(facts.ollamaNote === "" ? [] : [`${facts.ollamaNote}\n`]),
    "## How it was made\n",
    renderMethod(facts),
    licenseSection(facts),
  ].join("\n");
}

function introduction({ report }: CardFacts): string {
  const base = report.base === null ? "" : ` (${formatMegabytes(report.base.bytes)} as 16-bit GGUF)`;
  return `Quantized variants of **${markdownText(report.model.name)}**${base}, made from ${report.model.commit === null ? "a local checkpoint" : report.model.source} with llama.cpp ${report.toolchain.llamaCpp ?? ""} by quantsmith.\n`;
}

/** Whoever takes the release should know that code may have run while it was made. */
function unsafeWarning({ unsafe }: CardFacts): string[] {
  if (unsafe.length === 0) return [];
  const files = unsafe.map(codeSpan).join(", ");
  return [`> **Warning:** made with \`allowUnsafe\` from files that can run code when a tool opens them: ${files}.\n`];
}

function variantTable({ report, hardware }: CardFacts): string {
  // The gate column is left out: only variants that passed are in a release.
  const hasDevices = hardware.devices.length > 0;
  const titles = ["File", ...figureTitles.slice(1, -1), ...(hasDevices ? ["Fits on"] : [])];
  const rows = report.variants.map((variant) => [
    {
      markdown: `${markdownLink(variant.name, `./${variant.file}`)}${variant.allocation === undefined ? "" : " dynamic"}`,
    },
    ...figureCells(variant).slice(1, -1),
    ...(hasDevices ? [listFittingDevices(variant.name, hardware)] : []),
  ]);
  return `${markdownTable(titles, rows)}\n`;
}

/** Without this file every variant reads text alone. */
function projectorNote({ report: { projector } }: CardFacts): string[] {
  if (projector === undefined) return [];
  const link = markdownLink(projector.file, `./${projector.file}`);
  return [
    `For images or sound each of them needs ${link} (${formatMegabytes(projector.bytes)}) beside it.
`,
  ];
}

function figuresNote({ evaluation, report }: CardFacts): string {
  if (evaluation === null) return "These files were not measured.\n";
  const early = describeEarlyStop(report);
  return [
    `Measured with llama-perplexity against the 16-bit base on ${early === undefined ? "" : "up to "}${evaluation.chunks} × ${evaluation.context} tokens of \`${evaluation.corpus}\`, a text that calibration never saw.${early === undefined ? "" : ` ${early}`}`,
    "BPW: bits per weight. PPL ratio: perplexity over the base's, 1 is lossless. Mean KLD: Kullback-Leibler divergence from the base's next-token distribution in nats, ± standard error, 0 is lossless. Same top: how often both put the same token first. Smoke: prompts answered as expected.\n",
  ].join("\n");
}

/** Names that promise other bits than the files have. */
function nameNotes({ report }: CardFacts): string[] {
  const notes = report.variants.map(describeNameMismatch).filter((note) => note !== undefined);
  return notes.map((note) => `> **Note:** ${note}\n`);
}

/** The first question of a visitor: which file for my device? */
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
    "Memory is what llama.cpp's own allocator asks for with an f16 cache, held against what one model may take of the device. Tokens/s: generating, a range from the memory's bandwidth. Sources, more contexts and all figures: [hardware-compatibility.json](./hardware-compatibility.json).\n",
  ];
}

function fitTables({ hardware }: CardFacts): string[] {
  return fitGrids(hardware).flatMap(({ context, titles, rows }) => {
    const which = rows.length === hardware.devices.length ? "All devices" : "Devices that a variant is made for,";
    return fold(`${which} with ${context} tokens of context`, [`${markdownTable(titles, rows)}\n`]);
  });
}

/** What not everyone wants to see is folded away. */
function charts(facts: CardFacts): string[] {
  const dynamic = facts.report.variants.filter(({ allocation }) => allocation !== undefined);
  return [
    ...folded(
      facts,
      assetPaths.kldPercentiles,
      "KL divergence by token",
      "From the median token to the worst, by variant",
    ),
    ...dynamic.flatMap(({ name }) =>
      folded(facts, assetPaths.types(name), `Types of ${name} by layer`, `Type of each tensor of ${name} by layer`),
    ),
    ...folded(facts, assetPaths.expertCoverage, "Calibration of the experts", "Calibration tokens per expert by layer"),
  ];
}

function folded(facts: CardFacts, path: string, summary: string, alternative: string): string[] {
  return fold(summary, image(facts, path, alternative));
}

/** GitHub and the Hub read Markdown inside <details> only after an empty line. */
function fold(summary: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`<details><summary>${summary}</summary>\n`, ...lines, "</details>\n"];
}

function image({ assets }: CardFacts, path: string, alternative: string): string[] {
  return assets.has(path) ? [`![${alternative}](./${path})\n`] : [];
}
