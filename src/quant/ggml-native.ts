import { basename } from "node:path";
import koffi from "koffi";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { type GgmlType, rowBytes } from "./ggml-types.js";

/**
 * ggml's quantizers, as used by llama-quantize, on Node buffers. Calls block the thread; `NativePool` runs them in
 * workers. ggml aborts the process on invalid arguments, so all arguments are validated first.
 */
export interface Ggml {
  /**
   * Quantizes `source`, whole rows of `columns` values, to `type`. `importance` is one row of non-negative weights for all
   * rows. Throws QS-GGML-VALUES if a value is not finite or ggml rejects the result, QS-GGML-IMPORTANCE if the type
   * requires weights and none are given.
   */
  quantizeRows(
    type: GgmlType,
    source: Float32Array,
    columns: number,
    importance?: Float32Array,
  ): Uint8Array<ArrayBuffer>;
  /** Converts `bytes` to F32. Throws a RangeError unless they are whole blocks. */
  dequantizeRows(type: GgmlType, bytes: Uint8Array): Float32Array<ArrayBuffer>;
  /** Bytes of a row of `columns` values according to ggml; `rowBytes` computes the same without ggml. */
  rowSize(type: GgmlType, columns: number): number;
  /** False if a block has a non-finite scale or a code outside its grid. */
  validateRowData(type: GgmlType, bytes: Uint8Array): boolean;
}

/**
 * Loads `libggml-base` from an absolute path, once per thread; all threads share ggml's tables.
 * Throws QS-GGML-LOAD if the library is missing, is for another platform, or lacks a function.
 */
export function openGgml(library: string): Ggml {
  const native = bind(library);
  const dequantizers = new Map<string, Dequantize>();

  function dequantizer(type: GgmlType): Dequantize {
    const known = dequantizers.get(type.name);
    if (known !== undefined) return known;
    const symbol = dequantizeSymbol(type);
    const found: Dequantize = native.func(`void ${symbol}(const void *source, void *target, int64_t count)`);
    dequantizers.set(type.name, found);
    return found;
  }

  return {
    quantizeRows(type, source, columns, importance) {
      const rows = source.length / columns;
      if (!type.target || !Number.isInteger(rows) || (importance && importance.length !== columns)) {
        throw new RangeError(`cannot quantize ${source.length} values in rows of ${columns} to ${type.name}`);
      }
      const target = new Uint8Array(rows * rowBytes(type, columns));
      if (type.needsImatrix && importance === undefined) throw missingImportance(type);
      if (!allFinite(source) || (importance && !allFinite(importance))) throw badValues(type, "it is not finite");
      native.quantizeChunk(type.id, source, target, 0, rows, columns, importance ?? null);
      if (!native.validateRowData(type.id, target, target.length))
        throw badValues(type, "its quantized form is invalid");
      return target;
    },
    dequantizeRows(type, bytes) {
      const blocks = bytes.length / type.blockBytes;
      if (!Number.isInteger(blocks)) throw new RangeError(`${bytes.length} bytes are not whole ${type.name} blocks`);
      const values = new Float32Array(blocks * type.blockSize);
      if (type.name === "F32") new Uint8Array(values.buffer).set(bytes);
      else dequantizer(type)(bytes, values, values.length);
      return values;
    },
    rowSize: (type, columns) => Number(native.rowSize(type.id, columns)),
    validateRowData: (type, bytes) => native.validateRowData(type.id, bytes, bytes.length),
  };
}

const pinned = new Map<string, ReturnType<typeof koffi.load>>();

/**
 * Loads the library permanently into this process. Otherwise the end of a thread unloads it, and a second load aborts the
 * process, because ggml finds its own handler of uncaught exceptions already installed. Throws QS-GGML-LOAD.
 */
export function pinGgml(library: string): void {
  if (!pinned.has(library)) pinned.set(library, load(library));
}

function load(library: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(library);
  } catch (error) {
    throw cannotLoad(library, error);
  }
}

function cannotLoad(library: string, error: unknown): QuantsmithError {
  const why = error instanceof Error ? error.message : String(error);
  return new QuantsmithError("QS-GGML-LOAD", `cannot load ${quote(basename(library))}: ${why}`, {
    remedy: "Run `npm ci` without `--omit=optional`; `quantsmith doctor` shows what is missing.",
    cause: error,
  });
}

type Dequantize = (source: Uint8Array, target: Float32Array, count: number) => void;

function bind(library: string) {
  const loaded = load(library);
  try {
    return {
      func: loaded.func.bind(loaded),
      quantizeChunk: loaded.func(
        "size_t ggml_quantize_chunk(int type, const void *source, void *target, int64_t start, int64_t rows, int64_t columns, const void *importance)",
      ),
      rowSize: loaded.func("size_t ggml_row_size(int type, int64_t columns)"),
      validateRowData: loaded.func("bool ggml_validate_row_data(int type, const void *bytes, size_t count)"),
    };
  } catch (error) {
    throw cannotLoad(library, error);
  }
}

/** The exported function that converts a type to F32, such as `dequantize_row_q4_K` or `dequantize_row_iq2_xxs`. */
function dequantizeSymbol(type: GgmlType): string {
  if (type.name === "F16") return "ggml_fp16_to_fp32_row";
  if (type.name === "BF16") return "ggml_bf16_to_fp32_row";
  if (!type.quantized) throw new RangeError(`${type.name} is not a type for weights`);
  return `dequantize_row_${type.name.toLowerCase().replace(/_k$/, "_K")}`;
}

/** Without a branch per value: x - x is 0 for a finite x, else NaN, and NaN propagates through the sum. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (const value of values) sum += value - value;
  return sum === 0;
}

function missingImportance(type: GgmlType): QuantsmithError {
  return new QuantsmithError("QS-GGML-IMPORTANCE", `${type.name} requires an imatrix`, {
    remedy: "Add or extend `calibration` in the recipe, or choose a larger type for this tensor.",
  });
}

function badValues(type: GgmlType, what: string): QuantsmithError {
  return new QuantsmithError("QS-GGML-VALUES", `cannot store a value as ${type.name}: ${what}`, {
    remedy: "Convert and calibrate again with `--fresh`: the checkpoint or the imatrix is damaged.",
  });
}
