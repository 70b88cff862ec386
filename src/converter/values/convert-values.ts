import { bfloatsToHalves } from "./bfloat-to-half.js";
import { floatToBfloat, floatToHalf, halfToFloat } from "./half.js";

/** Value types that are converted. */
export type SourceType = "BF16" | "F16" | "F32";
/** Supported value types of checkpoints; FP8 becomes F32 first. */
export type StoredType = SourceType | "F8_E4M3";
/** Value types of the GGUF file. */
export type TargetType = "BF16" | "F16" | "F32";

export interface Conversion {
  from: SourceType;
  to: TargetType;
  /** Whether 1 is added to each value, in the arithmetic of the source type, before conversion. */
  plusOne: boolean;
}

export function valueBytes(type: StoredType): 1 | 2 | 4 {
  return type === "F32" ? 4 : type === "F8_E4M3" ? 1 : 2;
}

/**
 * Converts whole values, bit for bit as torch, numpy and ggml do in llama.cpp's converter. Both buffers start at a
 * multiple of four bytes; `target` has room for all values. Returns the bytes to write, which is `source` itself when
 * nothing changes.
 */
export function convertValues({ from, to, plusOne }: Conversion, source: Uint8Array, target: Uint8Array): Uint8Array {
  const count = source.byteLength / valueBytes(from);
  const result = target.subarray(0, count * valueBytes(to));
  if (from === "F32") {
    if (to === "F32" && !plusOne) return source;
    convertFloats(new Uint32Array(source.buffer, source.byteOffset, count), view(result, to), to, plusOne);
    return result;
  }
  const values = new Uint16Array(source.buffer, source.byteOffset, count);
  if (from === to && !plusOne && (from === "F16" || allFinite(source))) return source;
  const table = tableFor({ from, to, plusOne });
  const out = view(result, to);
  if (from === "BF16" && out instanceof Uint16Array && to === "F16" && !plusOne) bfloatsToHalves(values, out, table);
  else for (let i = 0; i < count; i++) out[i] = table[values[i] ?? 0] ?? 0;
  return result;
}

function view(bytes: Uint8Array, type: TargetType): Uint16Array | Uint32Array {
  const count = bytes.byteLength / valueBytes(type);
  return type === "F32"
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, count)
    : new Uint16Array(bytes.buffer, bytes.byteOffset, count);
}

/** Returns true if all bfloat16 values are finite; a signalling NaN would require conversion to a quiet one. */
function allFinite(source: Uint8Array): boolean {
  const pairs = new Int32Array(source.buffer, source.byteOffset, source.byteLength >>> 2);
  const whole = pairs.length & ~3;
  let [a, b, c, d] = [0, 0, 0, 0];
  // Unrolled by four: without a change of type, this loop is the only work.
  for (let i = 0; i < whole; i += 4) {
    a |= spill(pairs[i] ?? 0);
    b |= spill(pairs[i + 1] ?? 0);
    c |= spill(pairs[i + 2] ?? 0);
    d |= spill(pairs[i + 3] ?? 0);
  }
  for (let i = whole; i < pairs.length; i++) a |= spill(pairs[i] ?? 0);
  if (source.byteLength % 4 !== 0) b |= spill(((source.at(-1) ?? 0) << 8) | (source.at(-2) ?? 0));
  return ((a | b | c | d) & 0x80008000) === 0;
}

/** Adds one to both exponents; only an exponent of all ones overflows into its sign bit. */
function spill(pair: number): number {
  return (pair & 0x7f807f80) + 0x00800080;
}

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

function addOne(value: number): number {
  bits[0] = value;
  float[0] = (float[0] ?? 0) + 1;
  return bits[0] ?? 0;
}

function fromFloat(to: TargetType): (value: number) => number {
  return to === "F16" ? floatToHalf : to === "BF16" ? floatToBfloat : (value) => value;
}

function convertFloats(values: Uint32Array, out: Uint16Array | Uint32Array, to: TargetType, plusOne: boolean): void {
  if (to === "F16" && !plusOne) for (let i = 0; i < values.length; i++) out[i] = floatToHalf(values[i] ?? 0);
  else if (to === "BF16" && !plusOne) for (let i = 0; i < values.length; i++) out[i] = floatToBfloat(values[i] ?? 0);
  else {
    const convert = fromFloat(to);
    for (let i = 0; i < values.length; i++) out[i] = convert(addOne(values[i] ?? 0));
  }
}

const tables = new Map<string, Uint16Array | Uint32Array>();

/** Returns the result for each of the 65 536 values of a 16-bit type. */
function tableFor({ from, to, plusOne }: Conversion): Uint16Array | Uint32Array {
  const key = `${from} ${to} ${plusOne}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const table = to === "F32" ? new Uint32Array(65_536) : new Uint16Array(65_536);
  const convert = fromFloat(to);
  for (let value = 0; value < table.length; value++) {
    const wide = from === "F16" ? halfToFloat(value) : value * 65_536;
    if (!plusOne) table[value] = from === "F16" && to === "F16" ? value : convert(wide);
    else table[value] = convert(from === "F16" ? halfToFloat(floatToHalf(addOne(wide))) : addOne(wide));
  }
  tables.set(key, table);
  return table;
}
