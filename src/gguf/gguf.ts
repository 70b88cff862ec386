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

/** A metadata value with its type in the file. Nested arrays do not occur: llama.cpp rejects them. */
export type GgufValue =
  | { readonly type: GgufScalarType; readonly value: GgufScalar }
  | { readonly type: "array"; readonly itemType: GgufScalarType; readonly items: readonly GgufScalar[] };

export interface GgufTensor {
  name: string;
  /** Values per dimension in ggml order: `shape[0]` is the row length. */
  shape: readonly number[];
  type: GgmlType;
  /** Start of the data, in bytes from the start of the file. */
  offset: number;
  /** Bytes of data, without padding. */
  bytes: number;
}

/** A verified GGUF header: all tensors are inside the file and none overlap. */
export interface Gguf {
  path: string;
  version: number;
  metadata: ReadonlyMap<string, GgufValue>;
  /** In table order. */
  tensors: readonly GgufTensor[];
  /** Bytes; tensors start at multiples of it, counted from `dataOffset`. */
  alignment: number;
  /** Start of tensor data, in bytes from the start of the file. */
  dataOffset: number;
  fileBytes: number;
}
