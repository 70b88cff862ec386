import { printableJson } from "../util/printable.js";
import type { TypedTensor } from "./charts/tensor-grid.js";

/** What is known of one matrix of a variant. Null: not measured. */
export interface TensorFacts extends TypedTensor {
  /** Bytes of data, without padding. */
  bytes: number;
  /** Relative error of its weights in its type, from sampled rows: 0 is exact, 1 equals storing zeros. */
  error: number | null;
  /** Mean KL divergence in nats per unit of error, from the probes. */
  alpha: number | null;
  /** Loss of error-feedback rounding relative to rounding to nearest; null also for a tensor rounded to nearest. */
  lossRatio: number | null;
}

/** Renders `tensors.json`: the matrices of each variant, one per line. Deterministic. */
export function renderTensors(variants: ReadonlyMap<string, readonly TensorFacts[]>): string {
  const lists = [...variants].map(
    ([name, tensors]) => `    ${printableJson(name)}: [\n${tensors.map(line).join(",\n")}\n    ]`,
  );
  return `{\n  "version": 1,\n  "variants": {\n${lists.join(",\n")}\n  }\n}\n`;
}

function line({ name, type, bytes, error, alpha, lossRatio }: TensorFacts): string {
  return `      ${printableJson({ name, type: type.name, bytes, error, alpha, lossRatio })}`;
}
