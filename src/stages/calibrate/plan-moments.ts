import type { Gguf } from "../../gguf/gguf.js";
import { tensorRows } from "../../quant/source-tensor.js";
import { tensorRole } from "../../quant/tensor-role.js";

/** Layers whose second moments one pass over the text computes. */
export interface MomentsPass {
  /** The end is excluded. */
  layers: [first: number, end: number];
  /** Whether the pass includes the output matrix. */
  output: boolean;
}

export interface MomentsPlan {
  passes: MomentsPass[];
  /** One matrix for all experts of a weight instead of one each. */
  sharedExperts: boolean;
  /** Upper estimate of the bytes of `moments.gguf`. */
  fileBytes: number;
}

/**
 * Memory in bytes for the experts of one layer, above which all experts of a weight share one matrix. A constant, since the
 * choice affects outputs.
 */
const maxExpertBytes = 2e9;
const headerBytes = 2 ** 20;

/** Roles that read the same input as another role of their layer. */
const sameInput: Readonly<Record<string, string>> = {
  attn_k: "attn_q",
  attn_v: "attn_q",
  ffn_up: "ffn_gate",
  ffn_up_exps: "ffn_gate_exps",
  ffn_up_shexp: "ffn_gate_shexp",
};

/**
 * Divides the layers among passes whose sums fit in `memoryBytes`. An input of n columns takes 4 n² bytes of memory per
 * matrix (upper triangle in F64) and n² bytes in the file (16 bits).
 */
export function planMoments(base: Gguf, memoryBytes: number): MomentsPlan {
  const { output, layers } = readInputs(base);
  const sharedExperts = layers.some(
    ({ inputs }) => sumOf(inputs, ({ experts }) => (experts > 1 ? experts : 0)) > maxExpertBytes,
  );
  const bytesOf = (inputs: Inputs) => sumOf(inputs, ({ experts }) => (sharedExperts ? 1 : experts));
  const passes: MomentsPass[] = [];
  let [first, used] = [0, bytesOf(output)];
  for (const { layer, inputs } of layers) {
    const bytes = bytesOf(inputs);
    if (used + bytes > memoryBytes && layer > first) {
      passes.push({ layers: [first, layer], output: first === 0 });
      [first, used] = [layer, 0];
    }
    used += bytes;
  }
  passes.push({ layers: [first, (layers.at(-1)?.layer ?? 0) + 1], output: first === 0 });
  const total = layers.reduce((sum, { inputs }) => sum + bytesOf(inputs), bytesOf(output));
  return { passes, sharedExperts, fileBytes: total / 4 + headerBytes };
}

interface Input {
  columns: number;
  experts: number;
}

/** Distinct inputs by role. */
type Inputs = Map<string, Input>;

function readInputs({ tensors }: Gguf): { output: Inputs; layers: { layer: number; inputs: Inputs }[] } {
  const output: Inputs = new Map();
  const layers = new Map<number, Inputs>();
  for (const tensor of tensors) {
    if (tensor.shape.length < 2) continue;
    const { layer, role } = tensorRole(tensor.name);
    const { columns, experts } = tensorRows(tensor);
    const inputs = layer === null ? output : (layers.get(layer) ?? new Map());
    if (layer !== null) layers.set(layer, inputs);
    inputs.set(layer === null ? "output" : (sameInput[role] ?? role), { columns, experts });
  }
  const sorted = [...layers].sort(([a], [b]) => a - b);
  return { output, layers: sorted.map(([layer, inputs]) => ({ layer, inputs })) };
}

/** Sums the bytes of the inputs' matrices. */
function sumOf(inputs: Inputs, matrices: (input: Input) => number): number {
  return [...inputs.values()].reduce((sum, input) => sum + 4 * input.columns ** 2 * matrices(input), 0);
}
