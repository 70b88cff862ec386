import { type GgmlType, rowBytes } from "./ggml-types.js";
import type { NativePool } from "./native-pool.js";
import type { ErrorSums } from "./native-task.js";
import { sampledRows } from "./row-ranges.js";
import { hasData, type Importance, type SourceTensor, tensorRows } from "./source-tensor.js";
import { tensorRole } from "./tensor-role.js";

/** What each type would cost one tensor, in damage and in bytes. Types the tensor cannot have are left out. */
export interface TensorErrors {
  name: string;
  role: string;
  layer: number | null;
  shape: readonly number[];
  elements: number;
  /** Relative error e(i,t) by type name: 0 is exact, 1 as bad as storing zeros. */
  errors: Record<string, number>;
  /** Bytes of the tensor by type name, padding not counted. */
  bytes: Record<string, number>;
  /** The same error for each expert alone; absent for dense tensors. */
  experts?: Record<string, number[]>;
}

export interface ErrorTable {
  tensors: TensorErrors[];
}

export interface TensorErrorsOptions {
  pool: NativePool;
  tensor: SourceTensor;
  types: readonly GgmlType[];
  /** What the imatrix says about the tensor. */
  importance?: Importance | undefined;
  /**
   * About how many values are looked at, all experts together, but at least one row of each expert; tensors of fewer
   * values count whole. Default 2^18.
   */
  sampleValues?: number;
}

export interface ErrorTableOptions extends Omit<TensorErrorsOptions, "tensor" | "importance"> {
  tensors: readonly SourceTensor[];
  /** Asked for one tensor after the other, so that the imatrix need not fit into memory. */
  importanceOf: (name: string) => Promise<Importance | undefined>;
  onTensor?: (done: number, total: number) => void;
}

const defaultSampleValues = 2 ** 18;

/**
 * e(i,t) = sum of h (w' - w)^2 / sum of h w^2 of every tensor and type, with w' the weight read back from type t
 * and h the imatrix row, 1 where there is none (HIGGS, arXiv 2411.17525, with the imatrix as weight). The result
 * does not depend on the number of threads. Throws QS-GGML-LOAD and QS-GGML-VALUES.
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

/** One row of the error table, see `buildErrorTable`. */
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
 * Experts together, each by its share of the tokens: the imatrix holds means per token, and an expert that is
 * never chosen harms nothing. Without data all count the same.
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

/** A tensor of zeros is exact in every type. */
function relativeErrors({ errors, norm }: ErrorSums): number[] {
  return errors.map((error) => (norm > 0 ? error / norm : 0));
}

function byName<T>(names: readonly string[], value: (index: number) => T): Record<string, T> {
  return Object.fromEntries(names.map((name, i) => [name, value(i)]));
}
