import { basename } from "node:path";
import koffi from "koffi";
import { QuantsmithError } from "../util/errors.js";
import { type GgmlType, rowBytes } from "./ggml-types.js";

/**
 * ggml's own quantizers, the code llama-quantize runs, on buffers of Node. Calls block the thread;
 * `NativePool` runs them on others. ggml ends the process when it is given what it does not expect,
 * so every argument is checked first.
 */
export interface Ggml {
  /**
   * Bytes of `source` in `type`. `source` holds whole rows of `columns` values; `importance` is one row of
   * non-negative weights that all rows share. Throws QS-GGML-VALUES when a value is not finite or ggml
   * finds its own result invalid, QS-GGML-IMPORTANCE when the type needs weights and has none.
   */
  quantizeRows(
    type: GgmlType,
    source: Float32Array,
    columns: number,
    importance?: Float32Array,
  ): Uint8Array<ArrayBuffer>;
  /** The values that `bytes` stand for. Throws a RangeError unless they are whole blocks. */
  dequantizeRows(type: GgmlType, bytes: Uint8Array): Float32Array<ArrayBuffer>;
  /** Bytes of a row of `columns` values as ggml itself computes them; `rowBytes` is the same without ggml. */
  rowSize(type: GgmlType, columns: number): number;
  /** False when blocks hold scales that are not finite or codes outside their grid. */
  validateRowData(type: GgmlType, bytes: Uint8Array): boolean;
}

/**
 * Loads `libggml-base` from an absolute path, once per thread; ggml's tables are shared by all threads.
 * Throws QS-GGML-LOAD when it is missing, for another platform, or lacks a function.
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
      if (!allFinite(source) || (importance && !allFinite(importance))) throw badValues(type, "is not a finite number");
      native.quantizeChunk(type.id, source, target, 0, rows, columns, importance ?? null);
      if (!native.validateRowData(type.id, target, target.length)) throw badValues(type, "has no valid code");
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

const held = new Map<string, ReturnType<typeof koffi.load>>();

/**
 * Loads the library into this process for good. A thread that ends takes its library along, and ggml ends the process
 * when it is loaded a second time, because the handler of uncaught exceptions it finds is its own.
 * Throws QS-GGML-LOAD.
 */
export function holdGgml(library: string): void {
  if (!held.has(library)) held.set(library, load(library));
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
  return new QuantsmithError("QS-GGML-LOAD", `Cannot load ${basename(library)}: ${why}`, {
    remedy: "Install again with `npm ci`, without --omit=optional; `quantsmith doctor` shows what is missing.",
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

/** The exported function that widens a type to F32: `dequantize_row_q4_K`, `dequantize_row_iq2_xxs`. */
function dequantizeSymbol(type: GgmlType): string {
  if (type.name === "F16") return "ggml_fp16_to_fp32_row";
  if (type.name === "BF16") return "ggml_bf16_to_fp32_row";
  if (!type.quantized) throw new RangeError(`${type.name} holds no weights`);
  return `dequantize_row_${type.name.toLowerCase().replace(/_k$/, "_K")}`;
}

/** The difference of a finite number and itself is 0, of any other NaN, which a sum keeps: no branch per value. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (const value of values) sum += value - value;
  return sum === 0;
}

function missingImportance(type: GgmlType): QuantsmithError {
  return new QuantsmithError("QS-GGML-IMPORTANCE", `${type.name} cannot be made without an importance matrix`, {
    remedy: "Add or enlarge `calibration` in the recipe, or choose a type of more bits for this tensor.",
  });
}

function badValues(type: GgmlType, what: string): QuantsmithError {
  return new QuantsmithError("QS-GGML-VALUES", `A value to be stored as ${type.name} ${what}`, {
    remedy: "The checkpoint or the importance matrix is damaged; convert and calibrate again with --fresh.",
  });
}
