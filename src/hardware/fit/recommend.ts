import type { Catalog } from "../catalog/device.js";
import { type CompatibleVariant, type FitResult, type Verdict, verdicts } from "../compatibility.js";
import { type Footprint, kvTypes } from "../memory/memory.js";
import { slowTypes } from "./choose-backend.js";

/** A variant with its result on the device. */
export interface Candidate {
  variant: Pick<CompatibleVariant, "name" | "bytes" | "bitsPerWeight" | "kldMean">;
  footprint: Pick<Footprint, "types">;
  fit: FitResult;
}

export interface Recommendation {
  /** Name of the variant; null if none runs at the context. */
  variant: string | null;
  /** One sentence. */
  reason: string;
}

/**
 * Recommends a variant of one model: of those with the best verdict, preferably without mainly slow types, the one with
 * the lowest measured KL divergence; if any of them is unmeasured, the one with the most bits per weight. The smaller file
 * wins a tie. All `candidates` have the same model, device and context.
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
  const number = choice.length === 1 ? "one" : "many";
  const slow =
    quick.length === 0
      ? ", although most of its weights have slow types"
      : quick.length < leading.length
        ? ` and ${number === "one" ? "does" : "do"} not mainly use slow types`
        : "";
  if (candidates.length === 1)
    return { variant: pick.variant.name, reason: `it ${manner[pick.fit.verdict].one}${slow}` };
  const group = `that ${manner[pick.fit.verdict][number]}${slow}`;
  return { variant: pick.variant.name, reason: `${merit(pick, choice.length, measured)} ${group}` };
}

const rank = ({ fit }: Candidate) => verdicts.indexOf(fit.verdict);

/** Returns true if a file mainly has types that are slow on its backend. */
export function isSlow(
  footprint: Candidate["footprint"],
  backends: Catalog["backends"],
  { backend }: FitResult,
): boolean {
  return slowTypes(footprint, backends.get(backend)).share > 0.5;
}

/** Sort key; lower is better. */
function worse({ variant }: Candidate, measured: boolean): number {
  return measured ? (variant.kldMean ?? Number.POSITIVE_INFINITY) : -variant.bitsPerWeight;
}

function merit({ variant }: Candidate, among: number, measured: boolean): string {
  if (among === 1) return "it is the only variant";
  const quality =
    measured && variant.kldMean !== null
      ? `the lowest mean KL divergence (${variant.kldMean.toPrecision(3)})`
      : `the most bits per weight (${variant.bitsPerWeight.toFixed(2)})`;
  return `it has ${quality} of the ${among} variants`;
}

const manner: Readonly<Record<Verdict, { one: string; many: string }>> = {
  full: { one: "fits completely", many: "fit completely" },
  partial: { one: "fits partially, with the rest on the CPU", many: "fit partially, with the rest on the CPU" },
  cpu: { one: "runs on the CPU only", many: "run on the CPU only" },
  no: { one: "does not run", many: "do not run" },
};

/** The reason for the smallest variant, and the largest context at which any variant would run. */
function whyNone(candidates: readonly Candidate[]): string {
  const [smallest] = [...candidates].sort((a, b) => a.fit.residentBytes - b.fit.residentBytes);
  if (smallest === undefined) return "there are no variants";
  const { variant, fit } = smallest;
  const none = `no variant runs at ${fit.context} tokens; for the smallest, ${variant.name}: ${fit.reason ?? "reason unknown"}`;
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
