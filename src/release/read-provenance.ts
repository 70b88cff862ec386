import * as z from "zod";
import type { Json } from "../util/canonical-json.js";
import { parseStrictJson } from "../util/strict-json.js";
import { buildType } from "./provenance.js";

const externalParameters = z.object({
  recipe: z.string().optional(),
  source: z.string().optional(),
  revision: z.string().nullish(),
  command: z.string().optional(),
});

/** The part of a provenance statement that verification needs. */
export interface Provenance {
  /** sha256 of each file, by path. */
  subjects: ReadonlyMap<string, string>;
  /** `stableReleaseDigest` of `release.json`. */
  releaseDigest: string | undefined;
  /** What the release was built from. */
  source: z.infer<typeof externalParameters>;
  /** `recipe.lock.yaml` as data. */
  lock: Json | undefined;
}

const statement = z.object({
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: z.string() }) })),
  predicate: z.object({
    buildDefinition: z.object({
      buildType: z.literal(buildType),
      externalParameters: externalParameters.optional(),
      internalParameters: z.object({ lock: z.unknown().optional() }).optional(),
    }),
    runDetails: z.object({
      byproducts: z.array(
        z.object({ name: z.string(), annotations: z.object({ stableDigest: z.string().optional() }).optional() }),
      ),
    }),
  }),
});

/** Parses `provenance.intoto.json`; undefined if the text is not a quantsmith provenance statement. */
export function readProvenance(text: string): Provenance | undefined {
  let data: unknown;
  try {
    data = parseStrictJson(text);
  } catch {
    return undefined;
  }
  const parsed = statement.safeParse(data);
  if (!parsed.success) return undefined;
  const { subject, predicate } = parsed.data;
  const { externalParameters: source = {}, internalParameters } = predicate.buildDefinition;
  return {
    subjects: new Map(subject.map(({ name, digest }) => [name, digest.sha256])),
    releaseDigest: predicate.runDetails.byproducts.find(({ name }) => name === "release.json")?.annotations
      ?.stableDigest,
    source,
    // The parser reads 1e999 as infinity, which JSON lacks.
    lock: internalParameters?.lock === undefined ? undefined : JSON.parse(JSON.stringify(internalParameters.lock)),
  };
}
