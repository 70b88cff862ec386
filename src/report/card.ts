import { comparedBase, formatMegabytes } from "../release/figures.js";
import { isOnCard, warningText } from "../util/warnings.js";
import { assetPaths } from "./assets.js";
import type { CardFacts } from "./card/card-facts.js";
import { detailsSection } from "./card/details-section.js";
import { deviceSection } from "./card/device-section.js";
import { fileSection } from "./card/file-section.js";
import { joinBlocks, layOutCard } from "./card-layout.js";
import { baseKind, describeSource } from "./describe-source.js";
import { frontMatter } from "./front-matter.js";
import { baseLink, licenseSection } from "./license-section.js";
import { codeSpan, markdownImage, markdownLink, markdownText } from "./markdown.js";
import { renderMethod } from "./render-method.js";
import { runSection } from "./run-section.js";

/** Renders the model card, README.md of the release. Deterministic. */
export function renderCard(facts: CardFacts): string {
  const { report, layout } = facts;
  const body = layOutCard(layout, {
    title: `# ${markdownText(report.model.name)} GGUF`,
    summary: summary(facts),
    warnings: warnings(facts),
    chart: image(facts, assetPaths.sizeKld, `Size and mean KL divergence from the ${comparedBase(report)}, by variant`),
    files: fileSection(facts),
    devices: deviceSection(facts),
    run: runSection(facts),
    categories: categories(facts),
    details: detailsSection(facts),
    method: renderMethod(facts),
    license: licenseSection(facts),
  });
  return `${frontMatter(facts)}\n${body}\n`;
}

function summary({ report, baseModel }: CardFacts): string {
  const { base, toolchain } = report;
  const made = markdownText(describeSource(report));
  const link = baseLink(baseModel, report);
  const source = baseModel === null ? made : report.model.files === undefined ? link : `${made} of ${link}`;
  const size = base === null ? "" : ` (${formatMegabytes(base.bytes)} as ${baseKind(report)})`;
  const engine = toolchain.llamaCpp === undefined ? "" : ` and llama.cpp ${llamaCppVersion(toolchain.llamaCpp)}`;
  return `Quantized from ${source}${size} with quantsmith${engine}.`;
}

/** The version, linked if it is a release of llama.cpp; tools of the user state another form. */
function llamaCppVersion(version: string): string {
  if (!/^(v\d+\.\d+\.\d+|b\d+)$/.test(version)) return markdownText(version);
  return markdownLink(version, `https://github.com/ggml-org/llama.cpp/releases/tag/${version}`);
}

/** What people who download the files must know: code from the checkpoint that may have run, and warnings of the run. */
function warnings({ unsafe, report }: CardFacts): string {
  const files = unsafe.map(codeSpan).join(", ");
  return joinBlocks([
    ...(unsafe.length === 0
      ? []
      : [`> **Warning:** built with \`allowUnsafe\` from files that can run code when opened: ${files}.`]),
    ...(report.warnings ?? [])
      .filter(isOnCard)
      .map((warning) => `> **Warning:** ${markdownText(warningText(warning))}`),
  ]);
}

/** The divergence on each kind of text, and by position in a long one; empty for an evaluation of one kind. */
function categories(facts: CardFacts): string {
  const chart = image(facts, assetPaths.kldCategories, "Mean KL divergence of each variant by kind of text");
  const positions = image(facts, assetPaths.kldPositions, "Mean KL divergence of each variant by tokens of context");
  return chart === "" ? "" : joinBlocks(["## Quality by kind of text", chart, positions, conversations(facts)]);
}

/** Names the texts that were rendered as chats. */
function conversations({ report }: CardFacts): string {
  const measured = report.variants.flatMap(({ quality }) => Object.entries(quality?.categories ?? {}));
  const names = new Set(measured.flatMap(([name, { chatTemplate }]) => (chatTemplate ? [codeSpan(name)] : [])));
  return names.size === 0 ? "" : `${[...names].join(", ")}: conversations in the model's chat template.`;
}

function image({ assets }: CardFacts, path: string, alternative: string): string {
  return assets.has(path) ? markdownImage(alternative, path) : "";
}
