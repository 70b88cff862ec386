import type { FitResult, HardwareCompatibility } from "../../../src/hardware/compatibility.js";
import type { CategoryQuality, RunReport, VariantReport } from "../../../src/release/release-report.js";

/*
 * Derives every number of a model card from `release.json` and `hardware-compatibility.json`, without the code that
 * renders cards. What is not recognized is reported, so a new number on the card needs a rule here.
 */

/** Numbers that are names and definitions. */
const fixedTexts = [
  ...["GPTQ family, arXiv 2210.17323", "16-bit", "16 bits", "f16 KV cache", "with 99 % confidence"],
  ...["0 is lossless", "1 is lossless", "SHA256SUMS"],
];

export const size = (bytes: number) =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(2)} MB`;
export const kld = (figures: { kldMean: number; kldMeanError: number }) =>
  `${figures.kldMean.toFixed(5)} ± ${figures.kldMeanError.toFixed(5)}`;
const percent = (value: number) => value.toFixed(0);
const speedText = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));

/** Returns the lines of a card, without front matter, whose numbers do not follow from the release. */
export function underivedNumbers(card: string, release: RunReport, hardware: HardwareCompatibility): string[] {
  const text = card
    .replace(/^---\n[\s\S]*?\n---\n/, "")
    .replace(/^(`{3,}).*\n[\s\S]*?\n\1$/gm, "")
    .replace(/<details><summary>Other programs[\s\S]*?<\/details>/, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1");
  const tables = [...text.matchAll(/^\|.*(?:\n\|.*)*/gm)].flatMap(([table]) => badCells(table, release, hardware));
  const sentences = text.replace(/^\|.*/gm, "").split("\n");
  const allowed = phrases(release, hardware).toSorted((a, b) => b.length - a.length);
  // What is left in code are names.
  const rest = (line: string) => allowed.reduce((text, one) => text.replaceAll(one, ""), line).replace(/`[^`]*`/g, "");
  const left = sentences.filter((line) => /\d/.test(rest(line)));
  return [...tables, ...left];
}

function badCells(table: string, release: RunReport, hardware: HardwareCompatibility): string[] {
  const rows = table.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const [titles = [], , ...lines] = rows;
  return lines.flatMap((cells) =>
    cells.flatMap((cell, index) => {
      if (!/\d/.test(cell) || expected(index, cells, titles, release, hardware).includes(cell)) return [];
      return [`${titles[index]}: ${cell}`];
    }),
  );
}

/** The texts that a cell can contain. */
export function expected(
  index: number,
  cells: readonly string[],
  titles: readonly string[],
  release: RunReport,
  hardware: HardwareCompatibility,
): string[] {
  const [title = "", cell = ""] = [titles[index], cells[index]];
  const at = (name: string) => cells[titles.indexOf(name)] ?? "";
  const variant = release.variants.find(({ name }) => [at("File"), at("Take"), at("Variant")].includes(name));
  const devices = hardware.devices
    .filter(({ name }) => `, ${at("Device")}, `.includes(`, ${name}, `))
    .toSorted((a, b) => at("Device").indexOf(a.name) - at("Device").indexOf(b.name));
  if (title === "Device") return [devices.map(({ name }) => name).join(", ")];
  if (["File", "Take", "Variant"].includes(title)) return variant === undefined ? [] : [variant.name];
  const fits = devices.flatMap(({ id }) => hardware.results.filter(({ device }) => device === id));
  if (hardware.variants.some(({ name }) => name === title)) {
    return fits.filter((fit) => fit.variant === title).map(gridCell);
  }
  const pick = hardware.recommended.find(({ device }) => device === devices[0]?.id);
  const picked = fits.filter((fit) => fit.variant === variant?.name && fit.context === pick?.context);
  return [
    ...(variant === undefined ? [] : figures(title, variant)),
    ...(variant === undefined ? [] : answers(title, at("Task"), variant)),
    ...(title === "Fits on" && variant !== undefined ? fitting(variant, hardware) : []),
    ...(title === "Context" ? [String(pick?.context), ...picked.map(largestContext)] : []),
    ...(title === "Tokens/s" ? speeds(picked) : []),
    ...(title === "Reason" && pick !== undefined ? [pick.reason.charAt(0).toUpperCase() + pick.reason.slice(1)] : []),
    ...(title === "About"
      ? release.variants.map(({ name }) => cell.replace(/[^ ]+ is better$/, `${name} is better`))
      : []),
  ];
}

function figures(title: string, { bytes, bitsPerWeight, quality, comparator, smoke }: VariantReport): string[] {
  switch (title) {
    case "Size":
      return [size(bytes)];
    case "BPW":
      return [bitsPerWeight.toFixed(2)];
    case "Smoke":
      return smoke === null ? [] : [`${smoke.passed}/${smoke.passed + smoke.failed}`];
    case "Mean KLD":
      return quality === null ? [] : [kld(quality)];
    case "Same top":
      return quality === null ? [] : [`${quality.sameTop.toFixed(2)} %`];
    case "vs preset": {
      if (quality === null || comparator === undefined) return [];
      const change = 100 * (quality.kldMean / comparator.quality.kldMean - 1);
      return [`${change < 0 ? "−" : "+"}${percent(Math.abs(change))} %`];
    }
    default:
      return [];
  }
}

/** Right answers to the questions of a task. */
function answers(title: string, name: string, { tasks = [] }: VariantReport): string[] {
  const tenths = (value: number) => value.toFixed(1);
  return tasks
    .filter((task) => task.name === name)
    .flatMap(({ questions, accuracy, accuracyError, baseAccuracy, baseAccuracyError, change, changeError }) => {
      if (title === "Questions") return [String(questions)];
      if (title === "Right") return [`${tenths(accuracy)} ± ${tenths(accuracyError)} %`];
      if (title === "Base") return [`${tenths(baseAccuracy)} ± ${tenths(baseAccuracyError)} %`];
      return title === "Change"
        ? [`${change < 0 ? "−" : "+"}${tenths(Math.abs(change))} ± ${tenths(changeError)}`]
        : [];
    });
}

/** At the smallest context, on the device's own backend. */
function fitting({ name }: VariantReport, { devices, results }: HardwareCompatibility): string[] {
  const context = Math.min(...results.map((one) => one.context));
  const names = devices.filter(({ id, backend }) => {
    const fit = results.find((one) => one.device === id && one.variant === name && one.context === context);
    return fit?.verdict === "full" || (fit?.verdict === "cpu" && fit.backend === backend);
  });
  if (names.length === devices.length) return [`all ${devices.length}`];
  return [`${names.length} of ${devices.length}`, names.map((one) => one.name).join(", ")];
}

function largestContext({ context, kvType, maximumContext }: FitResult): string {
  return `${context} (up to ${maximumContext[kvType]})`;
}

/** One for all devices if they are equal. */
function speeds(fits: readonly FitResult[]): string[] {
  const all = fits.map(speed);
  return [new Set(all).size === 1 ? (all[0] ?? "") : all.join(", ")];
}

export function speed({ decode }: FitResult): string {
  if (decode === null) return "–";
  const [low, high] = [speedText(decode.low), speedText(decode.high)];
  return low === high ? low : `${low}–${high}`;
}

function gridCell(fit: FitResult): string {
  const { verdict, layers, backend } = fit;
  const words: Record<FitResult["verdict"], string> = {
    full: backend.startsWith("cpu-") ? "fits (CPU)" : "full offload",
    partial: `partial (${layers?.offloaded}/${layers?.total} layers)`,
    ...{ cpu: "CPU", no: `no (${fit.limit})` },
  };
  return fit.decode === null || verdict === "no" ? words[verdict] : `${words[verdict]}, ${speed(fit)}`;
}

/** The parts of sentences that contain numbers. */
export function phrases(release: RunReport, hardware: HardwareCompatibility): string[] {
  const { base, variants, projectors = [], mtp, calibration, toolchain, compute, model, recipe } = release;
  const measured = variants.flatMap(({ name, quality }) => (quality === null ? [] : [{ name, quality }]));
  const ratios = variants.flatMap(({ rounding }) => rounding?.lossRatio ?? []).map((ratio) => 100 * ratio);
  const [least, most] = [percent(Math.min(...ratios)), percent(Math.max(...ratios))];
  const copy = base?.evaluated?.distance;
  return [
    ...fixedTexts,
    ...[model.name, model.source, recipe, ...(model.commit === null ? [] : [model.commit])],
    ...[...projectors, ...(mtp === undefined ? [] : [mtp])].flatMap(({ file, bytes }) => [file, `(${size(bytes)})`]),
    ...projectors.map(({ pictureTokens }) => `up to ${pictureTokens} tokens`),
    ...variants.flatMap(({ name, file }) => [name, file]),
    ...hardware.devices.map(({ name }) => name),
    ...new Set(hardware.results.map(({ context }) => `${context} tokens of context`)),
    ...hardware.recommended
      .filter(({ device }) => hardware.devices.some(({ id, class: kind }) => id === device && kind === "phone"))
      .map(({ context }) => `set the context size to ${context}`),
    ...(base === null ? [] : [`(${size(base.bytes)} as`]),
    ...(base?.noise === undefined ? [] : [`KLD of ${base.noise.kldMean.toFixed(5)} from its own`]),
    ...Object.entries(base?.quantized ?? {}).map(([type, count]) => `${count} tensors in ${type}`),
    ...(copy == null
      ? []
      : [`${copy.kldMean.toFixed(6)} ± ${copy.kldMeanError.toFixed(6)}`, `${copy.sameTop.toFixed(2)} %`]),
    ...[copy, calibration, ...variants.map(({ allocation }) => allocation?.probes)].flatMap((text) =>
      text == null ? [] : [`${text.chunks} × ${text.context} tokens of`, text.corpus],
    ),
    ...measured.flatMap(({ name, quality, quality: { chunks, chunksAvailable } }) => [
      ...texts(quality).map((text) => `${text.chunksAvailable} × ${text.context} tokens of \`${text.corpus}\``),
      `${name} after ${chunks} of ${chunksAvailable} chunks`,
    ]),
    ...measured.flatMap(({ name, quality }) => compared(name, quality, variants)),
    ...variants.flatMap(({ smoke }) => `${smoke?.cosineToBase?.toFixed(4)}, ${smoke?.rankToBase?.toFixed(4)}`),
    ...variants.flatMap(({ allocation }) => (allocation?.probes ? [`${allocation.probes.count} probes`] : [])),
    `is ${least === most ? least : `${least} to ${most}`} % of that of rounding to nearest`,
    ...variants.flatMap(({ name, rounding }) => `${rounding?.nearest.length} tensors of ${name}`),
    ...Object.values(toolchain),
    ...[compute?.device, compute?.driver].flatMap((text) => text ?? []),
  ];
}

/** Those of the categories, if there are some. */
export function texts(quality: VariantReport["quality"] & object): CategoryQuality[] {
  return quality.categories === undefined ? [quality] : Object.values(quality.categories);
}

function compared(
  name: string,
  quality: VariantReport["quality"] & object,
  variants: readonly VariantReport[],
): string[] {
  const found = variants.find((one) => one.name === name);
  if (found?.comparator === undefined) return [];
  const { preset, bytes, quality: theirs } = found.comparator;
  const sizes = found.bytes === bytes ? `(both ${size(bytes)})` : `(${size(found.bytes)} and ${size(bytes)})`;
  return [`${name} has a mean KLD of ${kld(quality)} instead of ${kld(theirs)} of llama.cpp's ${preset} ${sizes}`];
}
