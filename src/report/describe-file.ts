import type { RunReport, VariantReport } from "../release/release-report.js";

/** Upper limits of the mean KLD in nats and lower limits of the same top token in percent, the best grade first. */
const grades = [
  { text: "nearly lossless", kldMean: 0.003, sameTop: 97 },
  { text: "very small loss", kldMean: 0.01, sameTop: 95 },
  { text: "small loss", kldMean: 0.03, sameTop: 92 },
  { text: "noticeable loss", kldMean: 0.1, sameTop: 85 },
  { text: "large loss", kldMean: Number.POSITIVE_INFINITY, sameTop: 0 },
] as const;

/** The last grade that is recommended. */
const lastRecommended = 2;

/** A file's description in parts: all of them follow from figures and tensor types, none from a name. */
export interface FileDescription {
  /** True for the smallest file with at most a small loss. */
  recommended: boolean;
  /** The grade; undefined if not measured. */
  grade: string | undefined;
  /** A variant that is not larger and closer to the base, by more than the errors of both; undefined without one. */
  better: string | undefined;
}

/** Describes one variant of a release by its measurements. */
export function describeFile(variant: VariantReport, variants: readonly VariantReport[]): FileDescription {
  const grade = gradeOf(variant);
  const good = variants.filter((one) => (gradeOf(one) ?? grades.length) <= lastRecommended);
  const smallest = good.toSorted((a, b) => a.bytes - b.bytes || kldOf(a) - kldOf(b))[0];
  return {
    recommended: smallest?.name === variant.name,
    grade: grade === undefined ? undefined : grades[grade]?.text,
    better: variants.find((other) => isBetter(other, variant))?.name,
  };
}

function gradeOf({ quality }: VariantReport): number | undefined {
  if (quality === null) return undefined;
  return grades.findIndex(({ kldMean, sameTop }) => quality.kldMean <= kldMean && quality.sameTop >= sameTop);
}

const kldOf = ({ quality }: VariantReport) => quality?.kldMean ?? Number.POSITIVE_INFINITY;

/** True if a variant is not larger than another and closer to the base on the same chunks, by more than both errors. */
export function isBetter(one: VariantReport, other: VariantReport): boolean {
  const [own, theirs] = [one.quality, other.quality];
  if (own === null || theirs === null || own.chunks !== theirs.chunks || one.bytes > other.bytes) return false;
  return own.kldMean + own.kldMeanError < theirs.kldMean - theirs.kldMeanError;
}

/** Names of the variants of which tensors got larger types than the preset's. */
export function namesWithLargerTypes({ warnings = [] }: RunReport): ReadonlySet<string | undefined> {
  return new Set(warnings.flatMap(({ code, variant }) => (code === "QW-QUANTIZE-FALLBACK" ? [variant] : [])));
}
