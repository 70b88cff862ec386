import * as z from "zod";
import { parseDocument } from "./parse-document.js";
import type { RunReport } from "./release-report.js";
import { stableReleaseDigest } from "./stable-release-digest.js";
import { isModelFile } from "./variant-files.js";

/** The releases that a published release replaced, oldest first; absent from a first release. */
export const historyFile = "history.json";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Time and commit of a publication. */
export interface Origin {
  /** ISO 8601 in UTC. */
  date: string;
  /** Commit in the repository; null in a folder. */
  commit: string | null;
}

/** What the history says of a release. */
export interface ReleaseSummary {
  model: string;
  /** Commit of the source; null for a local folder. */
  sourceCommit: string | null;
  llamaCpp: string | null;
  /** `stableReleaseDigest` of its `release.json`. */
  digest: string;
  /** `file` is the one that llama.cpp loads: of several splits, the first. `kldMean` in nats, null if not measured. */
  variants: { name: string; file: string; bytes: number; sha256: string; kldMean: number | null }[];
  /** Further model files, path to sha256: splits, projectors, importance matrix. */
  otherFiles: Record<string, string>;
}

export interface FormerRelease extends Origin, ReleaseSummary {}

const commit = z.string().regex(/^[0-9a-f]{40}$/);

const schema = z.strictObject({
  version: z.literal(1),
  releases: z
    .array(
      z.looseObject({
        date: z.iso.datetime(),
        commit: commit.nullable(),
        model: z.string(),
        sourceCommit: z.string().nullable(),
        llamaCpp: z.string().nullable(),
        digest: sha256,
        variants: z.array(
          z.looseObject({
            name: z.string(),
            file: z.string(),
            bytes: z.int().min(0),
            sha256,
            kldMean: z.number().nullable(),
          }),
        ),
        otherFiles: z.record(z.string(), sha256),
      }),
    )
    .min(1),
});

/** Parses `history.json`; returns an error message if it is invalid. */
export function parseHistory(text: string): FormerRelease[] | string {
  const parsed = parseDocument(text, schema);
  return typeof parsed === "string" ? parsed : parsed.data.releases;
}

/** Renders `history.json`; parsing it and rendering it again gives the same text. */
export function renderHistory(releases: readonly FormerRelease[]): string {
  // The schema orders the members.
  return `${JSON.stringify(schema.parse({ version: 1, releases }), null, 2)}\n`;
}

/** Summarizes a release; `files` are its files, path to sha256. */
export function summarizeRelease(report: RunReport, files: ReadonlyMap<string, string>): ReleaseSummary {
  const variants = report.variants.map(({ name, file, bytes, sha256, quality }) => {
    return { name, file, bytes, sha256, kldMean: quality?.kldMean ?? null };
  });
  const others = [...files].filter(([path]) => isModelFile(path) && !variants.some(({ file }) => file === path));
  return {
    model: report.model.name,
    sourceCommit: report.model.commit,
    llamaCpp: report.toolchain.llamaCpp ?? null,
    digest: stableReleaseDigest(report),
    variants,
    otherFiles: Object.fromEntries(others.sort()),
  };
}

/** Returns the model files that former releases name, path to sha256 in the last release with that path. */
export function formerFiles(releases: readonly FormerRelease[]): Map<string, string> {
  const named = releases.flatMap(({ variants, otherFiles }) => [
    ...variants.map(({ file, sha256 }) => [file, sha256] as const),
    ...Object.entries(otherFiles),
  ]);
  return new Map(named.filter(([path]) => isModelFile(path)));
}
