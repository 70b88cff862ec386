import * as z from "zod";
import { parseStrictJson } from "../util/strict-json.js";
import { buildType } from "./provenance.js";

/** The part of a provenance statement that verification needs. */
export interface Provenance {
  /** sha256 of each file, by path. */
  subjects: ReadonlyMap<string, string>;
  /** `stableReleaseDigest` of `release.json`. */
  releaseDigest: string | undefined;
}

const statement = z.object({
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: z.string() }) })),
  predicate: z.object({
    buildDefinition: z.object({ buildType: z.literal(buildType) }),
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
  return {
    subjects: new Map(subject.map(({ name, digest }) => [name, digest.sha256])),
    releaseDigest: predicate.runDetails.byproducts.find(({ name }) => name === "release.json")?.annotations
      ?.stableDigest,
  };
}
