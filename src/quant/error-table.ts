import { type GgmlType, rowBytes } from "./ggml-types.js";
import type { NativePool } from "./native-pool.js";
import type { ErrorSums } from "./native-task.js";
import { sampledRows } from "./row-ranges.js";
import { hasData, type Importance, type SourceTensor, tensorRows } from "./source-tensor.js";
import { tensorRole } from "./tensor-role.js";

/** Error and size of one tensor by type. Types that the tensor cannot have are omitted. */
export interface TensorErrors {
  name: string;
  role: string;
  layer: number | null;
  shape: readonly number[];
  elements: number;
  /** Relative error e(i,t) by type name: 0 is exact, 1 equals storing zeros. */
  errors: Record<string, number>;
  /** The same with error-feedback rounding; absent without second moments, which `errors` then refers to as well. */
  feedback?: Record<string, number>;
  /** Bytes of the tensor by type name, without padding. */
  bytes: Record<string, number>;
  /** Relative errors of each expert; absent for dense tensors. */
  experts?: Record<string, number[]>;
}

export interface ErrorTable {
  tensors: TensorErrors[];
}

export interface TensorErrorsOptions {
  pool: NativePool;
  tensor: SourceTensor;
  types: readonly GgmlType[];
  /** The tensor's imatrix entry. */
  importance?: Importance | undefined;
  /**
   * Approximate number of sampled values over all experts, at least one row per expert; smaller tensors are used whole.
   * Default 2^18.
   */
  sampleValues?: number;
}

export interface ErrorTableOptions extends Omit<TensorErrorsOptions, "tensor" | "importance"> {
  tensors: readonly SourceTensor[];
  /** Called for one tensor at a time, so that the imatrix need not fit into memory. */
  importanceOf: (name: string) => Promise<Importance | undefined>;
  onTensor?: (done: number, total: number) => void;
}

const defaultSampleValues = 2 ** 18;

/**
 * Computes e(i,t) = sum of h (w' - w)^2 / sum of h w^2 for every tensor i and type t, where w' is the weight dequantized
 * from type t and h the imatrix row, or 1 without one (HIGGS, arXiv 2411.17525, weighted by the imatrix). The result is
 * independent of the number of threads. Throws QS-GGML-LOAD and QS-GGML-VALUES.
 */
export async function buildErrorTable(options: ErrorTableOptions): Promise<ErrorTable> {
  const { tensors, importanceOf, onTensor, ...shared } = options;
  const rows: TensorErrors[] = [];
  for (const tensor of tensors) {
    rows.push(await measureTensorErrors({ ...shared, tensor, importance: await importanceOf(tensor.name) }));
    onTensor?.(rows.length, tensors.length);
  }
  return { tensors: rows };
}

/** Computes one row of the error table, see `buildErrorTable`. */
export async function measureTensorErrors(options: TensorErrorsOptions): Promise<TensorErrors> {
  const { tensor, importance } = options;
  const { columns, rows, experts } = tensorRows(tensor);
  const types = options.types.filter((type) => canHold(type, columns, importance));
  const names = types.map((type) => type.name);
  const perExpert = await measureExperts(options, names);
  const relative = perExpert.map(relativeErrors);
  const combined = relativeErrors(combine(perExpert, importance));
  return {
    name: tensor.name,
    ...tensorRole(tensor.name),
    shape: tensor.shape,
    elements: columns * rows * experts,
    errors: byName(names, (i) => combined[i] ?? 0),
    bytes: Object.fromEntries(types.map((type) => [type.name, rowBytes(type, columns) * rows * experts])),
    ...(experts > 1 && { experts: byName(names, (i) => relative.map((errors) => errors[i] ?? 0)) }),
  };
}

function canHold(type: GgmlType, columns: number, importance: Importance | undefined): boolean {
  return columns % type.blockSize === 0 && (type.needsImatrix !== true || hasData(importance));
}

async function measureExperts(options: TensorErrorsOptions, types: readonly string[]): Promise<ErrorSums[]> {
  const { pool, tensor, importance, sampleValues = defaultSampleValues } = options;
  const { experts } = tensorRows(tensor);
  const owners: number[] = [];
  function* tasks() {
    for (let expert = 0; expert < experts; expert++) {
      for (const rows of sampledRows(tensor, importance, expert, sampleValues / experts)) {
        owners.push(expert);
        yield { kind: "errors" as const, rows, types };
      }
    }
  }
  const sums = Array.from({ length: experts }, () => noErrors(types.length));
  let done = 0;
  for await (const part of pool.stream(tasks())) add(sums[owners[done++] ?? 0], part, 1);
  return sums;
}

/**
 * Combines the sums of experts, weighted by their tokens: the imatrix stores means per token, and an unused expert has no
 * effect. Without data all experts have the same weight.
 */
function combine(experts: readonly ErrorSums[], importance: Importance | undefined): ErrorSums {
  const tokens = hasData(importance) ? importance.tokens : undefined;
  const total = noErrors(experts[0]?.errors.length ?? 0);
  for (const [i, sums] of experts.entries()) add(total, sums, tokens?.[i] ?? 1);
  return total;
}

function noErrors(types: number): ErrorSums {
  return { errors: new Array<number>(types).fill(0), norm: 0 };
}

function add(total: ErrorSums | undefined, part: ErrorSums, weight: number): void {
  if (total === undefined) return;
  for (const [i, error] of part.errors.entries()) total.errors[i] = (total.errors[i] ?? 0) + weight * error;
  total.norm += weight * part.norm;
}

/** Error by norm; 0 for a tensor of zeros, which is exact in every type. */
function relativeErrors({ errors, norm }: ErrorSums): number[] {
  return errors.map((error) => (norm > 0 ? error / norm : 0));
}

function byName<T>(names: readonly string[], value: (index: number) => T): Record<string, T> {
  return Object.fromEntries(names.map((name, i) => [name, value(i)]));
}
