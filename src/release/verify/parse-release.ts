import * as z from "zod";
import { parseDocument } from "../parse-document.js";
import type { RunReport } from "../release-report.js";

const count = z.int().min(0);
const figures = z.record(z.string(), z.unknown());

const sideFile = z.looseObject({ file: z.string().min(1), bytes: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const taskScore = z.looseObject({
  name: z.string(),
  accuracy: z.number(),
  accuracyError: z.number(),
  change: z.number(),
});

/** Fields of `release.json` that verification needs; other fields are kept, since the digests cover them. */
const release = z.looseObject({
  recipe: z.string(),
  model: z.looseObject({
    name: z.string(),
    source: z.string(),
    architecture: z.string().nullable(),
    parameters: count.nullable(),
  }),
  steps: z.array(z.looseObject({ id: z.string() })),
  variants: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        file: z.string().min(1),
        bytes: count,
        bitsPerWeight: z.number(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        types: z.record(z.string(), count),
        quality: figures.nullable(),
        smoke: z.looseObject({ passed: count, failed: count }).nullable(),
        tasks: z.array(taskScore).optional(),
        gate: z.enum(["passed", "failed"]),
        reasons: z.array(z.string()),
      }),
    )
    .min(1)
    .max(1000),
  projectors: z.array(sideFile).optional(),
  mtp: sideFile.optional(),
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
