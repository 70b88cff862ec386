import type { DecodeRow } from "./decode-rows.js";
import { median } from "./quantile.js";
import { type ByClass, type TypeClass, typeClasses } from "./type-class.js";

/** Seconds per token = overheadSeconds × layers + Σ ideal seconds of a class / efficiency of that class. */
export interface DecodeFit {
  /** Seconds per layer and token besides reading: kernel launches, small operations, waiting. */
  overheadSeconds: number;
  /** Share of the bandwidth reached when reading weights of an unmeasured class. */
  efficiency: number;
  /** Share of the bandwidth by measured class. */
  byClass: ByClass;
}

/** Returns the fitted seconds per token of a row. */
export function fittedSeconds(
  fit: DecodeFit,
  row: Readonly<Pick<DecodeRow, "class" | "layers" | "idealSeconds">>,
): number {
  return fit.overheadSeconds * row.layers + row.idealSeconds / (fit.byClass[row.class] ?? fit.efficiency);
}

/** Weights of the priors, in units of measured rows. */
const ridge = { overhead: 1, slope: 0.2, deviation: 0.3 };
const rounds = 25;
const sweeps = 40;

/**
 * Robust least squares on symmetric relative errors: each row is scaled by the geometric mean of measured and predicted
 * time, and rows with more than 2.5 times the median error have less weight (Huber). Solved by coordinate descent, which
 * keeps overhead ≥ 0 and efficiencies ≤ 1. Ridge priors pull a class to its backend's slope, and that slope to
 * `priorSlope`. CPUs launch no kernels, so they have no overhead.
 */
export function fitDecode(rows: readonly DecodeRow[], priorSlope: number): DecodeFit {
  const classes = comparable(rows);
  const telling = classes.length === 0 ? rows : rows.filter((row) => classes.includes(row.class));
  const fit = new Fit(telling, classes, priorSlope);
  for (let round = 0; round < rounds; round++) {
    for (let sweep = 0; sweep < sweeps; sweep++) fit.improve();
    fit.weigh();
  }
  return fit.result(typeClasses.filter((name) => rows.some((row) => row.class === name)));
}

/**
 * Returns the classes whose speed can be separated from that of their chips: measured on three chips, or on a chip that
 * was also measured with another class. The fit uses only these classes if there are any.
 */
function comparable(rows: readonly DecodeRow[]): TypeClass[] {
  return typeClasses.filter((name) => {
    const chips = new Set(rows.filter((row) => row.class === name).map(({ chip }) => chip));
    return chips.size >= 3 || rows.some((row) => row.class !== name && chips.has(row.chip));
  });
}

class Fit {
  readonly #rows: readonly DecodeRow[];
  readonly #priorSlope: number;
  readonly #deviations: Map<TypeClass, number>;
  #overhead = 0;
  #slope: number;
  /** Divisor of the error, and weight, by row. */
  #scales: number[];
  #weights: number[];

  constructor(rows: readonly DecodeRow[], classes: readonly TypeClass[], priorSlope: number) {
    this.#rows = rows;
    this.#priorSlope = priorSlope;
    this.#slope = priorSlope;
    this.#scales = rows.map(({ seconds }) => seconds);
    this.#weights = rows.map(() => 1);
    this.#deviations = new Map(classes.map((name) => [name, 0]));
  }

  /** One pass of coordinate descent: optimizes each coordinate with the others fixed. */
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

  /** Recomputes scales and weights from the errors. */
  weigh(): void {
    this.#scales = this.#rows.map((row) => Math.sqrt(row.seconds * this.#predict(row)));
    const errors = this.#rows.map(
      (row, index) => Math.abs(row.seconds - this.#predict(row)) / (this.#scales[index] ?? 1),
    );
    const bound = 2.5 * median(errors);
    this.#weights = errors.map((error) => (error > bound ? bound / error : 1));
  }

  result(measured: readonly TypeClass[]): DecodeFit {
    const byClass = measured.map((name) => [name, 1 / this.#slopeOf(name)] as const);
    return { overheadSeconds: this.#overhead, efficiency: 1 / this.#slope, byClass: Object.fromEntries(byClass) };
  }

  #slopeOf(name: TypeClass): number {
    return Math.max(1, this.#slope + (this.#deviations.get(name) ?? 0));
  }

  #predict(row: DecodeRow): number {
    return this.#overhead * row.layers + this.#slopeOf(row.class) * row.idealSeconds;
  }

  /** Negative gradient (`pull`) and curvature (`evidence`) of the error along `part`. */
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
