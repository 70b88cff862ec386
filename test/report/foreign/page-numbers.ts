import { parseHTML } from "linkedom";
import type { HardwareCompatibility } from "../../../src/hardware/compatibility.js";
import { ggmlTypeByName } from "../../../src/quant/ggml-types.js";
import type { RunReport, VariantReport } from "../../../src/release/release-report.js";
import type { ExpertTokens } from "../../../src/report/charts/expert-coverage.js";
import { expected, kld, phrases, size, speed, texts } from "./card-numbers.js";

/*
 * Derives every number of `report.html` from the other files of its release, without the code that renders the page. What
 * is not recognized is reported, so a new number on the page needs a rule here.
 */

/** The contents of files that the page repeats. */
export interface ReleaseFiles {
  release: RunReport;
  hardware: HardwareCompatibility;
  tensors: { variants: Record<string, ListedTensor[]> };
  /** Of the imatrix. */
  experts: readonly ExpertTokens[];
  /** Of the texts, in `recipe.lock.yaml`. */
  digests: readonly string[];
  /** In the front matter of `README.md`. */
  licence: string;
}

export interface ListedTensor {
  name: string;
  type: string;
  bytes: number;
  error: number | null;
  alpha: number | null;
  lossRatio: number | null;
}

/** The used part of linkedom's nodes. */
interface Node {
  readonly nodeType: number;
  readonly textContent: string;
  readonly childNodes: readonly Node[];
  remove(): void;
  closest(selector: string): Node | null;
  querySelector(selector: string): Node | null;
  querySelectorAll(selector: string): Iterable<Node>;
}

/** Numbers that are names and definitions, besides those of cards. */
const fixedTexts = ["sha256", "1 equals storing zeros", "90 %", "99 %", "99.9 %"];

const precise = (value: number, digits = 3) => value.toPrecision(digits);

/** Returns the texts of a page whose numbers do not follow from the release. */
export function underivedPageNumbers(page: string, files: ReleaseFiles): string[] {
  const document = parseHTML(page).document as unknown as Node;
  const find = (selector: string) => [...document.querySelectorAll(selector)];
  const report = { ...files.release, variants: [...files.release.variants, ...(files.release.unreleased ?? [])] };
  const maps = find("table.map").flatMap((map, index) => badMap(map, index, document, files));
  const tables = find("table:not(.map)").flatMap((table) => badTable(table, report, files.hardware));
  // Scales: the axes of charts and the ends of the colours.
  const read = ["script", "style", "table", ".legend", "[data-scale]", "[aria-label$='tick label']"];
  for (const selector of read) for (const node of find(selector)) node.remove();
  const allowed = [...phrases(report, files.hardware), ...pagePhrases(report, files)];
  allowed.sort((a, b) => b.length - a.length);
  const rest = (text: string) => allowed.reduce((left, one) => left.replaceAll(one, ""), text);
  const cells = new Set(heatMapCells(report));
  const texts = textsOf(document).filter((text) => /\d/.test(text) && !cells.has(text) && /\d/.test(rest(text)));
  return [...maps, ...tables, ...texts];
}

/** The texts between tags; a parser may split a text at an entity. */
function textsOf(node: Node): string[] {
  const texts = [""];
  for (const child of node.childNodes) {
    if (child.nodeType === 3) texts.push(`${texts.pop()}${child.textContent}`);
    else texts.push(...textsOf(child), "");
  }
  return texts;
}

function badTable(table: Node, report: RunReport, hardware: HardwareCompatibility): string[] {
  const rows = [...table.querySelectorAll("tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => (textsOf(cell)[0] ?? "").trim()),
  );
  const [titles = [], ...lines] = rows;
  return lines.flatMap((cells) =>
    cells.flatMap((cell, index) => {
      const title = titles[index] ?? "";
      const variant = report.variants.find(({ name }) => name === cells[0]);
      const possible = [
        ...expected(index, cells, titles, report, hardware),
        ...(variant === undefined ? [] : pageFigure(title, variant, hardware)),
      ];
      return !/\d/.test(cell) || possible.includes(cell) ? [] : [`${title}: ${cell}`];
    }),
  );
}

function pageFigure(title: string, variant: VariantReport, { devices, results }: HardwareCompatibility): string[] {
  const { bytes, bitsPerWeight, quality, comparator, allocation } = variant;
  if (title === "Bits per weight") return [bitsPerWeight.toFixed(2)];
  if (title.startsWith("Tokens/s, ")) {
    const context = Math.min(...results.map((one) => one.context));
    const device = devices.find(({ name }) => title === `Tokens/s, ${name}`);
    const fits = results.filter((one) => one.device === device?.id && one.context === context);
    return fits.filter((one) => one.variant === variant.name).map(speed);
  }
  if (allocation !== undefined) {
    const { budgetBytes, predictedKld, boundGap } = allocation;
    if (title === "Budget") return [size(budgetBytes)];
    if (title === "Used") return [`${((100 * bytes) / budgetBytes).toFixed(2)} %`];
    if (title === "Predicted KLD") return predictedKld === null ? [] : [predictedKld.toFixed(5)];
    if (title === "Optimality gap") return [`at most ${(100 * boundGap).toFixed(2)} %`];
  }
  if (quality === null) return [];
  const change = comparator === undefined ? 0 : 100 * (quality.kldMean / comparator.quality.kldMean - 1);
  const values: Record<string, string> = {
    "KLD vs preset": `${change < 0 ? "−" : "+"}${Math.abs(change).toFixed(0)} %`,
    "Measured KLD": quality.kldMean.toFixed(5),
    Perplexity: quality.perplexity.toFixed(3),
    "PPL ratio": quality.perplexityRatio.toFixed(4),
    "KLD median": quality.kldMedian.toFixed(5),
    "KLD 90\u00a0%": quality.kld90.toFixed(4),
    "KLD 99\u00a0%": quality.kld99.toFixed(4),
    "KLD 99.9\u00a0%": quality.kld999.toFixed(3),
    "KLD max": quality.kldMax.toFixed(3),
    "RMS Δp": `${quality.rmsDeltaP.toFixed(2)} %`,
    "Same top": `${quality.sameTop.toFixed(2)} ± ${quality.sameTopError.toFixed(2)} %`,
  };
  return [values[title] ?? ""];
}

/** Compares the types, the legend and the embedded values of a heat map with `tensors.json`. */
function badMap(map: Node, index: number, document: Node, { tensors }: ReleaseFiles): string[] {
  const details = map.closest("details");
  const variant = details?.querySelector("summary")?.textContent ?? "";
  const listed = tensors.variants[variant] ?? [];
  const placed = new Map(listed.map((one) => [one.name.replace(/^blk\.|\.weight$/g, ""), one]));
  const [head = [], ...rows] = [...map.querySelectorAll("tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent),
  );
  const shown = rows.flatMap(([role, ...types]) =>
    types.flatMap((type, layer) =>
      type === "" ? [] : [{ type, tensor: placed.get(`${layer}.${role}`) ?? placed.get(`${role}`) }],
    ),
  );
  const counts = new Map(listed.map(({ type }) => [type, listed.filter((one) => one.type === type).length]));
  const legend = [...counts].map(
    ([type, count]) => `${type} (${Number(ggmlTypeByName(type)?.bitsPerWeight.toFixed(2))} bits) × ${count}`,
  );
  const data = JSON.parse(document.querySelector("#tensor-data")?.textContent ?? "{}");
  const values = data.variants[index].map(([name, bytes, error, lossRatio]: number[]) => [
    ...[data.names[name ?? -1], bytes, error, data.alphas[name ?? -1], lossRatio],
  ]);
  const wanted = shown.map(({ tensor }) => [
    ...[tensor?.name, tensor?.bytes, tensor?.error, tensor?.alpha, tensor?.lossRatio],
  ]);
  return [
    ...(shown.length === listed.length ? [] : [`${variant}: ${shown.length} of ${listed.length} tensors`]),
    ...head.slice(1).filter((layer, place) => layer !== String(place)),
    ...shown.filter(({ type, tensor }) => type !== tensor?.type).map(({ type }) => `${variant}: ${type}`),
    ...[...(details?.querySelectorAll(".legend li") ?? [])]
      .map((one) => one.textContent)
      .filter((one) => !legend.includes(one.trim())),
    ...(JSON.stringify(values) === JSON.stringify(wanted) ? [] : [`${variant}: values of tensors`]),
  ];
}

/** The titles and values of the heat maps of categories and positions. */
function heatMapCells({ variants }: RunReport): string[] {
  return variants
    .flatMap(({ quality, comparator }) => [quality, comparator?.quality])
    .flatMap((quality) => Object.values(quality?.categories ?? {}))
    .flatMap(({ kldMean, kldByPosition = [] }) => [
      precise(kldMean),
      ...kldByPosition.flatMap((part) => [`${part.from}–${part.to}`, precise(part.kldMean)]),
    ]);
}

/** The parts of texts that contain numbers, besides those of cards. */
function pagePhrases(report: RunReport, { experts, digests, licence }: ReleaseFiles): string[] {
  const { model, base, variants, warnings = [] } = report;
  const measured = variants.flatMap(({ name, bytes, quality, comparator }) => [
    ...(quality === null ? [] : [{ name, bytes, quality }]),
    ...(comparator === undefined ? [] : [{ ...comparator, name: `llama.cpp ${comparator.preset}` }]),
  ]);
  const chunks = [...new Set(variants.flatMap(({ quality }) => quality?.chunksAvailable ?? []))];
  const count = model.parameters ?? 0;
  return [
    ...fixedTexts,
    ...digests,
    licence,
    ...(model.architecture === null ? [] : [model.architecture]),
    count >= 1e9 ? `${(count / 1e9).toFixed(2)} billion parameters` : `${(count / 1e6).toFixed(2)} million parameters`,
    ...(base === null ? [] : [`${size(base.bytes)} as `, `16-bit base: ${size(base.bytes)}, KLD 0`, size(base.bytes)]),
    ...(base?.perplexity == null ? [] : [`perplexity ${base.perplexity.toFixed(3)}`]),
    ...chunks.map((one) => ` over ${one} chunks`),
    ...variants.flatMap(({ quality }) =>
      quality === null ? [] : [`${quality.basePerplexity.toFixed(3)} over the ${quality.chunks} measured`],
    ),
    ...measured.flatMap(({ quality }) =>
      texts(quality).map((text) => `${text.chunksAvailable} × ${text.context} tokens of ${text.corpus}`),
    ),
    ...warnings.flatMap(({ message, remedy }) => [message, remedy]),
    ...variants.flatMap(({ reasons }) => reasons),
    ...variants.flatMap(smokePhrases),
    ...measured.flatMap(chartPhrases),
    ...experts.flatMap(coveragePhrases),
  ];
}

function smokePhrases({ smoke }: VariantReport): string[] {
  const answers = smoke?.answers ?? [];
  const failed = answers.filter(({ failures }) => failures.length > 0).length;
  const passed = answers.filter(({ failures, skipped }) => failures.length + skipped.length === 0).length;
  return [
    ...[`${failed} of ${answers.length} failed`, `${passed} of ${answers.length} passed`],
    ...answers.flatMap(({ prompt, answer, failures, skipped }) => [prompt, answer, ...failures, ...skipped]),
  ];
}

function chartPhrases({
  name,
  bytes,
  quality,
}: Pick<VariantReport, "name" | "bytes"> & { quality: VariantReport["quality"] & object }) {
  const { kldMean, kldMeanError, kldMedian, kld90, kld99, kld999, kldMax, categories = {} } = quality;
  const percentiles = Object.entries({
    median: kldMedian,
    "90 %": kld90,
    "99 %": kld99,
    "99.9 %": kld999,
    maximum: kldMax,
  });
  return [
    `${name}: ${size(bytes)}, mean KLD ${precise(kldMean)} ± ${precise(kldMeanError, 2)}`,
    ...percentiles.map(([label, value]) => `${name}, ${label}: ${precise(value)}`),
    `${name}: ${percentiles.map(([label, value]) => `${label} ${precise(value, 2)}`).join(", ")}`,
    ...Object.entries(categories).flatMap(([category, one]) => [
      `${name}, ${category}: mean KLD ${precise(one.kldMean)}`,
      `${category} ${precise(one.kldMean)}`,
      ...(one.kldByPosition ?? []).flatMap(({ from, to, kldMean }) => [
        `${name}, ${category}, ${from}–${to}: mean KLD ${precise(kldMean)}`,
        `${from}–${to} ${precise(kldMean)}`,
      ]),
    ]),
    kld(quality),
  ];
}

function coveragePhrases({ name, tokens }: ExpertTokens): string[] {
  const layer = /^blk\.(\d+)/.exec(name)?.[1];
  const mean = tokens.reduce((sum, one) => sum + one, 0) / tokens.length;
  const seen = tokens.filter((one) => one > 0).toSorted((a, b) => a - b);
  const share = (index: number) => precise((seen[index] ?? 0) / mean, 2);
  const unseen = `${tokens.length - seen.length} experts without tokens`;
  const range = `layer ${layer}: ${share(0)} to ${share(seen.length - 1)}, median ${share(Math.floor(seen.length / 2))}`;
  return [`${range}, ${unseen}`, range, `layer ${layer}: ${unseen}`];
}
