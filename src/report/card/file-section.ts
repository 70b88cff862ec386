import { comparedBase, formatKld, formatMegabytes, kldChange } from "../../release/figures.js";
import type { ProjectorFile, RunReport, VariantReport } from "../../release/release-report.js";
import { joinBlocks } from "../card-layout.js";
import { describeFile, namesWithLargerTypes } from "../describe-file.js";
import { describeKept } from "../describe-kept.js";
import { listFittingDevices } from "../hardware/list-fitting-devices.js";
import { codeSpan, type MarkdownCell, markdownLink, markdownTable, markdownText } from "../markdown.js";
import type { CardFacts } from "./card-facts.js";

/** Renders the table of the files with what decides between them, and the files that all variants share. */
export function fileSection(facts: CardFacts): string {
  const { report } = facts;
  return joinBlocks([
    "## Files",
    fileTable(facts),
    figuresLine(facts),
    projectorNote(report),
    markdownText(describeKept(report) ?? ""),
    mtpNote(report),
  ]);
}

interface Column {
  title: string;
  cell: (variant: VariantReport) => MarkdownCell;
}

function fileTable({ report, hardware }: CardFacts): string {
  const { variants } = report;
  const larger = namesWithLargerTypes(report);
  const has = (test: (variant: VariantReport) => boolean, column: Column) => (variants.some(test) ? [column] : []);
  const columns: Column[] = [
    { title: "File", cell: ({ name, file }) => ({ markdown: markdownLink(name, `./${file}`) }) },
    { title: "Size", cell: ({ bytes }) => formatMegabytes(bytes) },
    ...has(() => hardware.devices.length > 0, {
      title: "Fits on",
      cell: ({ name }) => listFittingDevices(name, hardware),
    }),
    ...has(({ quality }) => quality !== null, {
      title: "Mean KLD",
      cell: ({ quality }) => (quality === null ? "–" : formatKld(quality)),
    }),
    ...has((variant) => kldChange(variant) !== "–", { title: "vs preset", cell: kldChange }),
    { title: "About", cell: (variant) => ({ markdown: description(variant, variants, larger) }) },
  ];
  return markdownTable(
    columns.map(({ title }) => title),
    variants.map((variant) => columns.map(({ cell }) => cell(variant))),
  );
}

function description(
  variant: VariantReport,
  variants: readonly VariantReport[],
  larger: ReadonlySet<string | undefined>,
): string {
  const { recommended, grade, better } = describeFile(variant, variants);
  return [
    ...(recommended ? ["**recommended**"] : []),
    ...(grade === undefined ? [] : [grade]),
    ...(variant.allocation === undefined ? [] : ["dynamic"]),
    ...(larger.has(variant.name) ? ["larger types"] : []),
    ...(better === undefined ? [] : [`${markdownText(better)} is better`]),
  ].join(", ");
}

/** Explains the columns in one line; the rest is under the details. */
function figuresLine({ report, evaluation, hardware }: CardFacts): string {
  if (evaluation === null) return "The quality of these files was not measured.";
  const preset = report.variants.some((variant) => kldChange(variant) !== "–");
  const picked = report.variants.some((variant) => describeFile(variant, report.variants).recommended);
  return [
    `Mean KLD: divergence from the ${comparedBase(report)}, 0 is lossless.`,
    ...(preset ? ["vs preset: its change against llama.cpp's preset of the same size."] : []),
    ...(picked && hardware.recommended.length > 0
      ? ["recommended: the smallest with at most a small loss; for a device, take the file in the next table."]
      : []),
  ].join(" ");
}

/** Note on the projector, without which every variant accepts only text. */
function projectorNote({ projectors = [] }: RunReport): string {
  if (projectors.length === 0) return "";
  const links = projectors.map(({ file, bytes }) => `${markdownLink(file, `./${file}`)} (${formatMegabytes(bytes)})`);
  const sentences = [
    `For image or audio input, every variant also needs the projector ${links.join(" or ")}.`,
    ...(projectors.length > 1 ? ["llama.cpp's `-hf` downloads the one closest to the variant in bits."] : []),
    ...projectorLimits(projectors[0]),
  ];
  return sentences.join(" ");
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

/** Note on separated layers for multi-token prediction. */
function mtpNote({ mtp }: RunReport): string {
  if (mtp === undefined) return "";
  const link = markdownLink(mtp.file, `./${mtp.file}`);
  return `Layers for multi-token prediction are in ${link} (${formatMegabytes(mtp.bytes)}), a draft for every variant: ${codeSpan(`--spec-type draft-mtp --model-draft ${mtp.file}`)} with llama.cpp's server. Its acceptance rate was not measured.`;
}
