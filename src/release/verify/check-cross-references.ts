import * as z from "zod";
import { type HardwareCompatibility, hardwareCompatibility } from "../../hardware/compatibility.js";
import { canonicalJson } from "../../util/canonical-json.js";
import { bomFile } from "../bom.js";
import { figureCells } from "../figures.js";
import type { RunReport, VariantReport } from "../release-report.js";
import { weightFiles } from "../variant-files.js";
import { errorProblem, type VerifyProblem } from "./verify-report.js";

/** A release's verdicts by device. */
export const hardwareFile = "hardware-compatibility.json";

/** The model card. */
export const cardFile = "README.md";

const bomShape = z.object({
  components: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      hashes: z.array(z.object({ alg: z.string(), content: z.string() })).optional(),
    }),
  ),
});

/** Holds the bill of materials against the files, path to sha256. Texts that the run read are none of the release's files. */
export function checkBom(text: string, present: ReadonlyMap<string, string>, report: RunReport): VerifyProblem[] {
  const parsed = bomShape.safeParse(readJson(text));
  if (!parsed.success)
    return [errorProblem("QS-VERIFY-FIGURE", bomFile, `${bomFile} is no bill of materials of quantsmith`)];
  const listed = new Map(
    parsed.data.components.flatMap(({ type, name, hashes }) => {
      const sha256 = hashes?.find(({ alg }) => alg === "SHA-256")?.content;
      return type === "data" || sha256 === undefined ? [] : [[name, sha256] as const];
    }),
  );
  const others = [...listed].filter(([file, sha256]) => (present.get(file) ?? sha256) !== sha256);
  const models = weightFiles(report).filter(({ file }) => !listed.has(file));
  return [
    ...others.map(([file]) => errorProblem("QS-VERIFY-FIGURE", bomFile, `${bomFile} tells of another ${file}`)),
    ...models.map(({ file }) => errorProblem("QS-VERIFY-FIGURE", bomFile, `${bomFile} does not tell of ${file}`)),
  ];
}

/** Holds `hardware-compatibility.json` against `release.json` and against itself; its verdicts are not made anew. */
export function checkHardware(text: string, report: RunReport): VerifyProblem[] {
  const parsed = hardwareCompatibility.safeParse(readJson(text));
  const found = parsed.success
    ? [...variantDifferences(parsed.data, report), ...contradictions(parsed.data)]
    : [`is not of its format: ${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`];
  return [...new Set(found)].map((what) => errorProblem("QS-VERIFY-FIGURE", hardwareFile, `${hardwareFile} ${what}`));
}

function variantDifferences({ variants }: HardwareCompatibility, report: RunReport): string[] {
  return variants.flatMap(({ name, ...listed }) => {
    const variant = report.variants.find((one) => one.name === name);
    if (variant === undefined) return [`tells of a variant ${name}, which release.json lacks`];
    const pairs: [string, number | string | null, number | string | null][] = [
      ["file", listed.file, variant.file],
      ["bytes", listed.bytes, variant.bytes],
      ["bits per weight", listed.bitsPerWeight, variant.bitsPerWeight],
      ["mean KL divergence", listed.kldMean, variant.quality?.kldMean ?? null],
    ];
    const differences = pairs
      .filter(([, here, there]) => here !== there)
      .map(([what, here, there]) => `says ${what} ${here} of ${name}, release.json ${there}`);
    const sameTypes = canonicalJson(listed.types) === canonicalJson(variant.types);
    return sameTypes ? differences : [...differences, `tells other types of ${name} than release.json`];
  });
}

function contradictions({ variants, devices, results, recommended }: HardwareCompatibility): string[] {
  const names = new Set(variants.map(({ name }) => name));
  const ids = new Set(devices.map(({ id }) => id));
  const unknown = [...results, ...recommended].flatMap(({ variant, device }) => [
    ...(variant === null || names.has(variant) ? [] : [`speaks of a variant ${variant} that it does not describe`]),
    ...(ids.has(device) ? [] : [`speaks of a device ${device} that it does not describe`]),
  ]);
  const picks = recommended.flatMap(({ variant, device, context }) => {
    if (variant === null) return [];
    const result = results.find((one) => one.variant === variant && one.device === device && one.context === context);
    if (result === undefined) return [`recommends ${variant} for ${device} without a verdict at ${context} tokens`];
    return result.verdict === "no" ? [`recommends ${variant} for ${device}, where it does not run`] : [];
  });
  return [...unknown, ...picks];
}

/** Holds the card's table of files, where it has one, against `release.json`. */
export function checkCard(text: string, report: RunReport): VerifyProblem[] {
  const lines = text.split("\n");
  return report.variants.flatMap((variant) => {
    if (!hasMetrics(variant)) return [];
    const row = lines.find((line) => line.startsWith(`| [${variant.name}](./${variant.file}) |`));
    const cells = figureCells(variant).slice(1, -1).join(" | ");
    if (row === undefined || row.includes(`| ${cells} |`)) return [];
    return [
      errorProblem(
        "QS-VERIFY-FIGURE",
        cardFile,
        `${cardFile} tells other figures of ${variant.name} than release.json`,
      ),
    ];
  });
}

/** Whether the figures of the card are there as numbers; that they are not is told elsewhere. */
function hasMetrics({ quality }: VariantReport): boolean {
  if (quality === null) return true;
  const figures: unknown[] = [quality.perplexityRatio, quality.kldMean, quality.kldMeanError, quality.sameTop];
  return figures.every((figure) => typeof figure === "number");
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
