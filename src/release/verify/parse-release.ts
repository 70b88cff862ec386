import * as z from "zod";
import { gateFigures } from "../gates.js";
import { parseDocument } from "../parse-document.js";
import type { RunReport } from "../release-report.js";

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const texts = z.array(z.string());

/** A file of a variant, or one that all variants share. */
const modelFile = z.looseObject({ file: z.string().min(1), bytes: count, sha256 });

const taskScore = z.looseObject({
  name: z.string(),
  accuracy: z.number(),
  accuracyError: z.number(),
  change: z.number(),
});

/** The metrics that gates, model cards and comparisons read. */
function qualityOf<T extends z.ZodType>(figure: T) {
  const figures = [...gateFigures, "kldMeanError", "basePerplexity"] as const;
  return z.looseObject({
    ...(Object.fromEntries(figures.map((name) => [name, figure])) as Record<(typeof figures)[number], T>),
    ...{ corpusSha256: z.string(), context: count, chunks: count },
  });
}

/** JSON has null for a metric that is not a number, as of a preset that is not released. */
const otherQuality = qualityOf(z.number().nullable());
const quality = qualityOf(z.number()).extend({ categories: z.record(z.string(), otherQuality).optional() });

const smoke = z.looseObject({
  ...{ passed: count, failed: count, problem: z.string().optional() },
  ...{ cosineToBase: z.number().optional(), rankToBase: z.number().optional() },
  speed: z.record(z.string(), z.number().nullable()).optional(),
  answers: z
    .array(
      z.looseObject({
        ...{ prompt: z.string(), projector: z.string().optional(), answer: z.string() },
        ...{ failures: texts, skipped: texts },
      }),
    )
    .optional(),
});

/** A variant that did not pass: its figures may be null. */
const unreleasedVariant = z.looseObject({ name: z.string().min(1), smoke: z.looseObject({}).nullable() });

const variant = z.looseObject({
  name: z.string().min(1),
  file: z.string().min(1),
  bytes: count,
  bitsPerWeight: z.number(),
  sha256,
  parts: z.array(modelFile).min(1).optional(),
  types: z.record(z.string(), count),
  allocation: z
    .looseObject({ budgetBytes: count, predictedKld: z.number().nullable(), boundGap: z.number() })
    .nullable()
    .optional(),
  rounding: z.looseObject({ method: z.string() }).optional(),
  quality: quality.nullable(),
  comparator: z
    .looseObject({ preset: z.string(), bytes: count, bitsPerWeight: z.number(), quality: otherQuality })
    .optional(),
  smoke: smoke.nullable(),
  tasks: z.array(taskScore).optional(),
  gate: z.enum(["passed", "failed"]),
  reasons: texts,
});

/**
 * Fields of `release.json` that verification and comparisons need; other fields, such as those of later versions, are kept,
 * since the digests cover them.
 */
const release = z.looseObject({
  recipe: z.string(),
  model: z.looseObject({
    name: z.string(),
    source: z.string(),
    commit: z.string().nullable(),
    files: z.array(modelFile).optional(),
    architecture: z.string().nullable(),
    parameters: count.nullable(),
  }),
  steps: z.array(z.looseObject({ id: z.string() })),
  variants: z.array(variant).min(1).max(1000),
  unreleased: z.array(unreleasedVariant).max(1000).optional(),
  projectors: z.array(modelFile).optional(),
  mtp: modelFile.optional(),
  base: z
    .looseObject({
      ...{ bytes: count, perplexity: z.number().nullable() },
      quantized: z.record(z.string(), count).optional(),
      noise: z.looseObject({}).optional(),
      evaluated: z.looseObject({ type: z.string() }).optional(),
    })
    .nullable(),
  calibration: z.looseObject({ corpus: z.string(), chunks: count, context: count }).optional(),
  toolchain: z.record(z.string(), z.string()),
  tensorsFrom: z
    .looseObject({ release: z.string(), checksums: z.string(), toolchain: z.record(z.string(), z.string()) })
    .optional(),
  compute: z.looseObject({ backend: z.string(), device: z.string() }).optional(),
  warnings: z
    .array(z.looseObject({ code: z.string(), message: z.string(), remedy: z.string(), variant: z.string().optional() }))
    .optional(),
  checksum: z.string(),
});

/** Parses `release.json`, without its checksum; returns an error message if it is invalid. */
export function parseRelease(text: string): RunReport | string {
  const parsed = parseDocument(text, release);
  if (typeof parsed === "string") return parsed;
  const { checksum: _checksum, ...report } = parsed.data;
  return report as unknown as RunReport;
}
