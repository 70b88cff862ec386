import type { DecodeRow } from "./decode-rows.js";
import { median } from "./quantile.js";
import { type ByClass, type TypeClass, typeClasses } from "./type-class.js";

/** Seconds per token = overheadSeconds × layers + Σ ideal seconds of a class / efficiency of that class. */
export interface DecodeFit {
  /** Seconds per layer and token beside reading: launching kernels, small operations, waiting. */
  overheadSeconds: number;
  /** Share of the bandwidth that reading weights of any class reaches. */
  efficiency: number;
  /** The same for classes that were measured. */
  byClass: ByClass;
}

/** Seconds per token of one class of types. */
export function fittedSeconds(
  fit: DecodeFit,
  row: Readonly<Pick<DecodeRow, "class" | "layers" | "idealSeconds">>,
): number {
  return fit.overheadSeconds * row.layers + row.idealSeconds / (fit.byClass[row.class] ?? fit.efficiency);
}

/** What stands in for measurements that are missing, in rows' worth of evidence. */
const ridge = { overhead: 1, slope: 1, deviation: 0.1 };
const rounds = 25;
const sweeps = 40;

/**
 * Robust least squares on relative errors, which count alike whichever way they go: a row is divided by the geometric mean of
 * measured and predicted time, and rows further off than 2.5 times the median error count less (Huber). Solved one coordinate
 * at a time, which keeps overhead ≥ 0 and efficiencies ≤ 1. A class deviates from its backend's slope, and that from
 * `priorSlope`, only as far as measurements carry it. Processors start no kernels, so they have no overhead.
 */
export function fitDecode(rows: readonly DecodeRow[], priorSlope: number): DecodeFit {
  const fit = new Fit(rows, priorSlope);
  for (let round = 0; round < rounds; round++) {
    for (let sweep = 0; sweep < sweeps; sweep++) fit.improve();
    fit.weigh();
  }
  return fit.result();
}

class Fit {
  readonly #rows: readonly DecodeRow[];
  readonly #priorSlope: number;
  readonly #deviations: Map<TypeClass, number>;
  #overhead = 0;
  #slope: number;
  /** By row: what its error is divided by, and how much it counts. */
  #scales: number[];
  #weights: number[];

  constructor(rows: readonly DecodeRow[], priorSlope: number) {
    this.#rows = rows;
    this.#priorSlope = priorSlope;
    this.#slope = priorSlope;
    this.#scales = rows.map(({ seconds }) => seconds);
    this.#weights = rows.map(() => 1);
    const classes = typeClasses.filter((name) => rows.some((row) => row.class === name));
    this.#deviations = new Map(classes.map((name) => [name, 0]));
  }

  /** One pass over all coordinates, each put where it is best while the others stand. */
  improve(): void {
    const held = (evidence: number, rowsWorth: number) => (evidence * rowsWorth) / this.#rows.length;
    if (this.#rows.some(({ backend }) => !backend.startsWith("cpu-"))) {
      const { pull, evidence } = this.#along((row) => row.layers);
      const hold = held(evidence, ridge.overhead);
      this.#overhead = Math.max(0, this.#overhead + (pull - hold * this.#overhead) / (evidence + hold));
    }
    const common = this.#along((row) => row.idealSeconds);
    const hold = held(common.evidence, ridge.slope);
    const back = hold * (this.#slope - this.#priorSlope);
    this.#slope = Math.max(1, this.#slope + (common.pull - back) / (common.evidence + hold));
    for (const [name, deviation] of this.#deviations) {
      const { pull, evidence } = this.#along((row) => (row.class === name ? row.idealSeconds : 0));
      const hold = held(common.evidence, ridge.deviation);
      this.#deviations.set(name, deviation + (pull - hold * deviation) / (evidence + hold));
    }
  }

  /** Sets scales and weights anew, from how far off each row is. */
  weigh(): void {
    this.#scales = this.#rows.map((row) => Math.sqrt(row.seconds * this.#predict(row)));
    const errors = this.#rows.map(
      (row, index) => Math.abs(row.seconds - this.#predict(row)) / (this.#scales[index] ?? 1),
    );
    const bound = 2.5 * median(errors);
    this.#weights = errors.map((error) => (error > bound ? bound / error : 1));
  }

  result(): DecodeFit {
    const byClass = [...this.#deviations.keys()].map((name) => [name, 1 / this.#slopeOf(name)] as const);
    return { overheadSeconds: this.#overhead, efficiency: 1 / this.#slope, byClass: Object.fromEntries(byClass) };
  }

  #slopeOf(name: TypeClass): number {
    return Math.max(1, this.#slope + (this.#deviations.get(name) ?? 0));
  }

  #predict(row: DecodeRow): number {
    return this.#overhead * row.layers + this.#slopeOf(row.class) * row.idealSeconds;
  }

  /** How strongly, and with how much evidence, the errors ask for more of `part`. */
  #along(part: (row: DecodeRow) => number): { pull: number; evidence: number } {
    let pull = 0;
    let evidence = 0;
    this.#rows.forEach((row, index) => {
      const scale = this.#scales[index] ?? 1;
      const weight = this.#weights[index] ?? 0;
      const slice = part(row) / scale;
      pull += (weight * slice * (row.seconds - this.#predict(row))) / scale;
      evidence += weight * slice * slice;
    });
    return { pull, evidence };
  }
}
