import * as z from "zod";
import { type HardwareCompatibility, hardwareCompatibility } from "../../hardware/compatibility.js";
import { canonicalJson } from "../../util/canonical-json.js";
import { parseStrictJson } from "../../util/strict-json.js";
import { bomFile } from "../bom.js";
import { figureCells, figureTitles } from "../figures.js";
import type { RunReport } from "../release-report.js";
import { weightFiles } from "../variant-files.js";
import { errorProblem, type VerifyProblem } from "./verify-report.js";

/** Verdicts by variant and device. */
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

/** Compares the bill of materials with the files, path to sha256. Ignores input texts, which are not release files. */
export function checkBom(text: string, present: ReadonlyMap<string, string>, report: RunReport): VerifyProblem[] {
  const parsed = bomShape.safeParse(readJson(text));
  if (!parsed.success)
    return [errorProblem("QS-VERIFY-FIGURE", bomFile, `${bomFile} is not a bill of materials of quantsmith`)];
  const listed = new Map(
    parsed.data.components.flatMap(({ type, name, hashes }) => {
      const sha256 = hashes?.find(({ alg }) => alg === "SHA-256")?.content;
      return type === "data" || sha256 === undefined ? [] : [[name, sha256] as const];
    }),
  );
  const others = [...listed].filter(([file, sha256]) => (present.get(file) ?? sha256) !== sha256);
  const models = weightFiles(report).filter(({ file }) => !listed.has(file));
  return [
    ...others.map(([file]) =>
      errorProblem("QS-VERIFY-FIGURE", bomFile, `${bomFile} lists a different digest for ${file}`),
    ),
    ...models.map(({ file }) => errorProblem("QS-VERIFY-FIGURE", bomFile, `${bomFile} does not list ${file}`)),
  ];
}

/** Compares `hardware-compatibility.json` with `release.json` and checks its consistency. Does not recompute verdicts. */
export function checkHardware(text: string, report: RunReport): VerifyProblem[] {
  const parsed = hardwareCompatibility.safeParse(readJson(text));
  const found = parsed.success
    ? [...variantDifferences(parsed.data, report), ...contradictions(parsed.data)]
    : [`has an invalid format: ${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`];
  return [...new Set(found)].map((what) => errorProblem("QS-VERIFY-FIGURE", hardwareFile, `${hardwareFile} ${what}`));
}

function variantDifferences({ variants }: HardwareCompatibility, report: RunReport): string[] {
  return variants.flatMap(({ name, ...listed }) => {
    const variant = report.variants.find((one) => one.name === name);
    if (variant === undefined) return [`lists the variant ${name}, which is not in release.json`];
    const pairs: [string, number | string | null, number | string | null][] = [
      ["file", listed.file, variant.file],
      ["bytes", listed.bytes, variant.bytes],
      ["bits per weight", listed.bitsPerWeight, variant.bitsPerWeight],
      ["mean KL divergence", listed.kldMean, variant.quality?.kldMean ?? null],
    ];
    const differences = pairs
      .filter(([, here, there]) => here !== there)
      .map(([what, here, there]) => `lists ${what} ${here} for ${name}, but release.json lists ${there}`);
    const sameTypes = canonicalJson(listed.types) === canonicalJson(variant.types);
    return sameTypes ? differences : [...differences, `lists different types for ${name} than release.json`];
  });
}

function contradictions({ variants, devices, results, recommended }: HardwareCompatibility): string[] {
  const names = new Set(variants.map(({ name }) => name));
  const ids = new Set(devices.map(({ id }) => id));
  const unknown = [...results, ...recommended].flatMap(({ variant, device }) => [
    ...(variant === null || names.has(variant) ? [] : [`refers to the undefined variant ${variant}`]),
    ...(ids.has(device) ? [] : [`refers to the undefined device ${device}`]),
  ]);
  const picks = recommended.flatMap(({ variant, device, context }) => {
    if (variant === null) return [];
    const result = results.find((one) => one.variant === variant && one.device === device && one.context === context);
    if (result === undefined) return [`recommends ${variant} for ${device} without a verdict at ${context} tokens`];
    return result.verdict === "no" ? [`recommends ${variant} for ${device}, which cannot run it`] : [];
  });
  return [...unknown, ...picks];
}

/** Compares the tables of the model card that list files with `release.json`, by the titles of their columns. */
export function checkCard(text: string, report: RunReport): VerifyProblem[] {
  const variants = report.variants.map((variant) => ({
    ...{ name: variant.name, link: `[${variant.name}](./${variant.file})` },
    // Cards of earlier versions have other columns, but the same titles and formats, and notes after the link.
    figures: new Map(figureCells(variant).map((cell, index) => [figureTitles[index] ?? "", cell])),
  }));
  const differing = new Set<string>();
  for (const { titles, row } of tableRows(text)) {
    for (const { name, link, figures } of variants) {
      if (row[0]?.startsWith(link) !== true) continue;
      if (row.some((cell, index) => (figures.get(titles[index] ?? "") ?? cell) !== cell)) differing.add(name);
    }
  }
  return [...differing].map((name) => {
    const message = `${cardFile} lists different metrics for ${name} than release.json`;
    return errorProblem("QS-VERIFY-FIGURE", cardFile, message);
  });
}

/** The rows of the tables of a Markdown text, as trimmed cells; line by line, since the card of others may be large. */
function* tableRows(text: string): Generator<{ titles: string[]; row: string[] }> {
  let titles: string[] | undefined;
  for (const [line] of text.matchAll(/^.*$/gm)) {
    if (!line.startsWith("|")) {
      titles = undefined;
      continue;
    }
    const row = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (titles === undefined) titles = row;
    else yield { titles, row };
  }
}

function readJson(text: string): unknown {
  try {
    return parseStrictJson(text);
  } catch {
    return undefined;
  }
}
