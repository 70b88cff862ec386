/** A storage format of tensor values. Blocks of values never cross a row. */
export interface GgmlType {
  /** Upper-case name, as in GGUF tooling: "Q4_K". */
  name: string;
  /** Number in GGUF files (`enum ggml_type`). */
  id: number;
  /** Values per block. */
  blockSize: number;
  /** Bytes per block. */
  blockBytes: number;
  /** Bits per value, scales included. */
  bitsPerWeight: number;
  /** False for plain floats and integers. */
  quantized: boolean;
  /** True if llama-quantize can store weights in it; other types occur in files or only inside ggml. */
  target: boolean;
  /** True if llama-quantize requires an imatrix for it. */
  needsImatrix?: boolean;
}

type Row = [name: string, id: number, blockSize: number, blockBytes: number];

const plainTargets: readonly Row[] = [
  ["F32", 0, 1, 4],
  ["F16", 1, 1, 2],
  ["BF16", 30, 1, 2],
];

const plainOthers: readonly Row[] = [
  ["I8", 24, 1, 1],
  ["I16", 25, 1, 2],
  ["I32", 26, 1, 4],
  ["I64", 27, 1, 8],
  ["F64", 28, 1, 8],
];

const quantizedTargets: readonly Row[] = [
  ["Q4_0", 2, 32, 18],
  ["Q4_1", 3, 32, 20],
  ["Q5_0", 6, 32, 22],
  ["Q5_1", 7, 32, 24],
  ["Q8_0", 8, 32, 34],
  ["Q2_K", 10, 256, 84],
  ["Q3_K", 11, 256, 110],
  ["Q4_K", 12, 256, 144],
  ["Q5_K", 13, 256, 176],
  ["Q6_K", 14, 256, 210],
  ["IQ2_XXS", 16, 256, 66],
  ["IQ2_XS", 17, 256, 74],
  ["IQ3_XXS", 18, 256, 98],
  ["IQ1_S", 19, 256, 50],
  ["IQ4_NL", 20, 32, 18],
  ["IQ3_S", 21, 256, 110],
  ["IQ2_S", 22, 256, 82],
  ["IQ4_XS", 23, 256, 136],
  ["IQ1_M", 29, 256, 56],
  ["TQ1_0", 34, 256, 54],
  ["TQ2_0", 35, 256, 66],
  ["MXFP4", 39, 32, 17],
  ["NVFP4", 40, 64, 36],
  ["Q1_0", 41, 128, 18],
  ["Q2_0", 42, 64, 18],
];

/** Formats of activations in matrix products; valid in files, but no tool writes weights in them. */
const quantizedOthers: readonly Row[] = [
  ["Q8_1", 9, 32, 36],
  ["Q8_K", 15, 256, 292],
];

/** From `tensor_requires_imatrix` in llama.cpp's llama-quant.cpp. */
const imatrixTypes = new Set(["IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS"]);

function toTypes(rows: readonly Row[], quantized: boolean, target: boolean): GgmlType[] {
  return rows.map(([name, id, blockSize, blockBytes]) => ({
    name,
    id,
    blockSize,
    blockBytes,
    bitsPerWeight: (8 * blockBytes) / blockSize,
    quantized,
    target,
    ...(imatrixTypes.has(name) ? { needsImatrix: true } : {}),
  }));
}

/**
 * All tensor types of the pinned ggml, ordered by id. Sizes are from `type_traits` in ggml.c; a test compares them with the
 * pinned source. ggml has removed the ids 4, 5, 31-33 and 36-38.
 */
export const ggmlTypes: readonly GgmlType[] = [
  ...toTypes(plainTargets, false, true),
  ...toTypes(plainOthers, false, false),
  ...toTypes(quantizedTargets, true, true),
  ...toTypes(quantizedOthers, true, false),
].sort((a, b) => a.id - b.id);

const byId = new Map(ggmlTypes.map((type) => [type.id, type]));
const byName = new Map(ggmlTypes.map((type) => [type.name, type]));

/** Returns the type with this id in GGUF files; undefined for unknown and removed ids. */
export function ggmlTypeById(id: number): GgmlType | undefined {
  return byId.get(id);
}

/** Returns the type with this name, ignoring case; undefined if there is none. */
export function ggmlTypeByName(name: string): GgmlType | undefined {
  return byName.get(name.toUpperCase());
}

/** Returns the type of a name that the recipe's schema or ggml's tables have already validated. Throws a RangeError. */
export function knownType(name: string): GgmlType {
  const type = ggmlTypeByName(name);
  if (type === undefined) throw new RangeError(`unknown tensor type ${name}`);
  return type;
}

/**
 * Returns the bytes of one row of `elements` values. Throws a RangeError if the row is not a whole number of blocks.
 */
export function rowBytes(type: GgmlType, elements: number): number {
  if (elements % type.blockSize !== 0) {
    throw new RangeError(`${elements} values are not a whole number of ${type.name} blocks of ${type.blockSize}`);
  }
  return (elements / type.blockSize) * type.blockBytes;
}
