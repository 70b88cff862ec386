import type { GgmlType } from "../quant/ggml-types.js";

export type GgufScalarType =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "float32"
  | "bool"
  | "string"
  | "uint64"
  | "int64"
  | "float64";

/** 64-bit integers are bigints, all other numbers are numbers. */
export type GgufScalar = number | bigint | boolean | string;

/** One metadata value with its type in the file. Arrays of arrays do not occur: llama.cpp refuses them. */
export type GgufValue =
  | { readonly type: GgufScalarType; readonly value: GgufScalar }
  | { readonly type: "array"; readonly itemType: GgufScalarType; readonly items: readonly GgufScalar[] };

export interface GgufTensor {
  name: string;
  /** Values per dimension in ggml order: `shape[0]` is the row length. */
  shape: readonly number[];
  type: GgmlType;
  /** Where its data starts, in bytes from the start of the file. */
  offset: number;
  /** Size of its data without padding. */
  bytes: number;
}

/** A checked GGUF header: every tensor lies inside the file and overlaps no other. */
export interface Gguf {
  path: string;
  version: number;
  metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of the table. */
  tensors: readonly GgufTensor[];
  /** Bytes; every tensor starts at a multiple of it, counted from `dataOffset`. */
  alignment: number;
  /** Where tensor data begins, in bytes from the start of the file. */
  dataOffset: number;
  fileBytes: number;
}
