import type { Catalog } from "../catalog/device.js";
import { type CompatibleVariant, type FitResult, type Verdict, verdicts } from "../compatibility.js";
import { type Footprint, kvTypes } from "../memory/memory.js";
import { slowTypes } from "./choose-backend.js";

/** A variant that might be the one to take, with its verdict on the device in question. */
export interface Candidate {
  variant: Pick<CompatibleVariant, "name" | "bytes" | "bitsPerWeight" | "kldMean">;
  footprint: Pick<Footprint, "types">;
  fit: FitResult;
}

export interface Recommendation {
  /** Name of the variant; null when none runs at the context. */
  variant: string | null;
  /** One sentence. */
  reason: string;
}

/**
 * The variant of one model to take on a device at a context: of those with the best verdict, and not mainly of types that
 * the backend is slow at if there are such, the one with the lowest measured KL divergence. Where one of them was not
 * measured, the one with the most bits per weight. Ties go to the smaller file. All `candidates` are of one model,
 * device and context.
 */
export function recommendVariant(candidates: readonly Candidate[], backends: Catalog["backends"]): Recommendation {
  const running = candidates.filter(({ fit }) => fit.verdict !== "no");
  const best = Math.min(...running.map(rank));
  const leading = running.filter((candidate) => rank(candidate) === best);
  const quick = leading.filter(({ footprint, fit }) => !isSlow(footprint, backends, fit));
  const choice = quick.length > 0 ? quick : leading;
  const measured = choice.every(({ variant }) => variant.kldMean !== null);
  const [pick] = [...choice].sort(
    (a, b) => worse(a, measured) - worse(b, measured) || a.variant.bytes - b.variant.bytes,
  );
  if (pick === undefined) return { variant: null, reason: whyNone(candidates) };
  const slow =
    quick.length === 0
      ? ", though slowly"
      : quick.length < leading.length
        ? " and are not mainly of types that are slow there"
        : "";
  const group = `that ${manner[pick.fit.verdict]}${slow}`;
  return { variant: pick.variant.name, reason: `${merit(pick, choice.length, measured)} ${group}` };
}

const rank = ({ fit }: Candidate) => verdicts.indexOf(fit.verdict);

/** Whether a file is mainly of types that are slow where it runs. */
export function isSlow(
  footprint: Candidate["footprint"],
  backends: Catalog["backends"],
  { backend }: FitResult,
): boolean {
  return slowTypes(footprint, backends.get(backend)).share > 0.5;
}

/** Smaller is better. */
function worse({ variant }: Candidate, measured: boolean): number {
  return measured ? (variant.kldMean ?? Number.POSITIVE_INFINITY) : -variant.bitsPerWeight;
}

function merit({ variant }: Candidate, among: number, measured: boolean): string {
  if (among === 1) return "it is the only one of the variants";
  const quality =
    measured && variant.kldMean !== null
      ? `the lowest mean KL divergence (${variant.kldMean.toPrecision(3)})`
      : `the most bits per weight (${variant.bitsPerWeight.toFixed(2)})`;
  return `it has ${quality} of the ${among} variants`;
}

const manner: Readonly<Record<Verdict, string>> = {
  full: "fit as a whole",
  partial: "fit in part, the rest staying with the processor",
  cpu: "run, on the processor alone",
  no: "do not run",
};

/** What stands in the smallest variant's way, and the context at which one would run. */
function whyNone(candidates: readonly Candidate[]): string {
  const [smallest] = [...candidates].sort((a, b) => a.fit.residentBytes - b.fit.residentBytes);
  if (smallest === undefined) return "there are no variants";
  const { variant, fit } = smallest;
  const none = `none of the variants runs at ${fit.context} tokens: for the smallest, ${variant.name}, ${fit.reason ?? "nothing is known"}`;
  const instead = kvTypes.flatMap((kvType) =>
    candidates.map(({ variant: { name }, fit: { maximumContext } }) => ({
      kvType,
      name,
      context: maximumContext[kvType] ?? 0,
    })),
  );
  const most = instead.reduce((longest, entry) => (entry.context > longest.context ? entry : longest));
  return most.context === 0
    ? none
    : `${none}; ${most.name} runs with up to ${most.context} tokens and a ${most.kvType} cache`;
}
