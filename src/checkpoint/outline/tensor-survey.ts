import type { SafetensorsTensor } from "../safetensors.js";
import { type AuxiliaryKind, auxiliaryKind, type PackedKind, packedKind } from "./quantized-names.js";

/** What a checkpoint's headers tell about its weights. */
export interface TensorTotals {
  /** Weights of the model: packed values unpacked, without scales and other parts of a quantization. */
  parameters: number;
  /** The part of them in vision and audio towers and their projectors; 0 unless the survey looks for towers. */
  towerParameters: number;
  /** The part of them in layers for multi-token prediction, and the number of these layers. */
  mtpParameters: number;
  mtpLayers: number;
  /** The part of them in packed values of fewer than 8 bits. */
  packedParameters: number;
  /** Bytes of all tensors. */
  tensorBytes: number;
  /** Stored values by dtype, without scales and other parts of a quantization. */
  dtypes: Readonly<Record<string, number>>;
  /** Kinds of tensors that only quantized checkpoints have. */
  marks: ReadonlySet<PackedKind | AuxiliaryKind>;
  /** Shape of an FP8 matrix's scales: one per tensor, per row, or per block; null without FP8 scales. */
  fp8Scales: "tensor" | "row" | "block" | null;
}

export interface SurveyOptions {
  /** Hidden layers of the language model, after which those for multi-token prediction follow; null if unknown. */
  layers: number | null;
  /** Whether the configuration names a vision or audio tower. */
  hasTowers: boolean;
  /** Bits of a packed value (GPTQ, AWQ, compressed-tensors, HQQ). */
  bits: number;
  /** Bytes of a value according to the configuration, for files whose headers are not known. */
  bytesPerValue: number;
}

const tower = /vision_|vision\.|visual\.|audio_|audio\.|projector\./;

/** A matrix of bytes, which may hold two or four values each, as its scales show. */
interface ByteMatrix {
  elements: number;
  columns: number;
  isTower: boolean;
  mtp: string | undefined;
}

/** Counts a checkpoint's weights from the shapes in its headers, file by file. */
export class TensorSurvey {
  readonly #options: SurveyOptions;
  readonly #dtypes: Record<string, number> = {};
  readonly #marks = new Set<PackedKind | AuxiliaryKind>();
  readonly #bytes = new Map<string, ByteMatrix>();
  /** Columns of scales, by the name of their matrix. */
  readonly #scaleColumns = new Map<string, number>();
  readonly #mtp = new Set<string>();
  #counts = { parameters: 0, towerParameters: 0, mtpParameters: 0, packedParameters: 0, tensorBytes: 0 };
  #fp8Scales: TensorTotals["fp8Scales"] = null;

  constructor(options: SurveyOptions) {
    this.#options = options;
  }

  /** Adds the tensors of one file. */
  add(tensors: readonly Pick<SafetensorsTensor, "name" | "dtype" | "shape" | "elements" | "bytes">[]): void {
    const dtypes = new Map(tensors.map(({ name, dtype }) => [name, dtype]));
    for (const tensor of tensors) {
      this.#counts.tensorBytes += tensor.bytes;
      const { name, dtype, shape, elements } = tensor;
      const auxiliary = auxiliaryKind(name, (sibling) => dtypes.get(sibling));
      if (auxiliary !== undefined) {
        this.#addAuxiliary(auxiliary.kind, auxiliary.of, shape, elements);
        continue;
      }
      this.#dtypes[dtype] = (this.#dtypes[dtype] ?? 0) + elements;
      const place = {
        isTower: this.#options.hasTowers && tower.test(name),
        mtp: mtpLayer(name, this.#options.layers),
      };
      const packed = packedKind(name, dtype);
      if (packed !== undefined) {
        this.#marks.add(packed.kind);
        this.#count(elements * packed.perValue(this.#options.bits), { ...place, isPacked: true });
      } else if ((dtype === "U8" || dtype === "I8") && shape.length > 1) {
        this.#bytes.set(name, { elements, columns: shape.at(-1) ?? 1, ...place });
      } else this.#count(elements, place);
    }
  }

  /** Adds a file of `bytes` whose header is not known, such as a pickle. */
  addUnread(bytes: number): void {
    this.#counts.tensorBytes += bytes;
    this.#counts.parameters += Math.floor(bytes / this.#options.bytesPerValue);
  }

  /** Returns the totals after the last file. `method` is the configuration's `quant_method`. */
  finish(method: string | null): TensorTotals {
    for (const [name, { elements, columns, ...place }] of this.#bytes) {
      const perByte = valuesPerByte(columns, this.#scaleColumns.get(name), method);
      this.#count(elements * perByte, { ...place, isPacked: perByte > 1 });
    }
    this.#bytes.clear();
    return {
      ...this.#counts,
      mtpLayers: this.#mtp.size,
      dtypes: this.#dtypes,
      marks: this.#marks,
      fp8Scales: this.#fp8Scales,
    };
  }

  #addAuxiliary(kind: AuxiliaryKind, of: string, shape: readonly number[], elements: number): void {
    this.#marks.add(kind);
    const columns = kind === "bitsandbytes" ? 0 : shape.length > 1 ? (shape.at(-1) ?? 1) : 1;
    const isScale = kind === "scale" || kind === "weight-scale";
    if (kind === "bitsandbytes" || isScale) this.#scaleColumns.set(of, columns);
    if (!isScale || this.#fp8Scales === "block") return;
    this.#fp8Scales = columns > 1 ? "block" : elements > 1 ? "row" : (this.#fp8Scales ?? "tensor");
  }

  #count(
    values: number,
    { isTower, mtp, isPacked = false }: Pick<ByteMatrix, "isTower" | "mtp"> & { isPacked?: boolean },
  ): void {
    this.#counts.parameters += values;
    if (isPacked) this.#counts.packedParameters += values;
    if (isTower) this.#counts.towerParameters += values;
    if (mtp === undefined) return;
    this.#counts.mtpParameters += values;
    this.#mtp.add(mtp);
  }
}

/**
 * Values in a byte. bitsandbytes packs two in 4 bits (its `absmax` marks them), BitNet four. For blocks of 16 or 32
 * values of four bits, a row has 8 or 16 times as many bytes as scales.
 */
function valuesPerByte(columns: number, scaleColumns: number | undefined, method: string | null): number {
  if (scaleColumns === undefined) return 1;
  if (method === "bitnet") return 4;
  return scaleColumns === 0 || columns === scaleColumns * 8 || columns === scaleColumns * 16 ? 2 : 1;
}

/** Returns the name of the layer for multi-token prediction that a tensor belongs to; undefined for all others. */
function mtpLayer(name: string, layers: number | null): string | undefined {
  const own = /(?:^|\.)(mtp(?:_\w+)?(?:\.layers\.\d+)?)\./.exec(name)?.[1];
  if (own !== undefined) return own.startsWith("mtp.layers.") ? own : "mtp.layers.0";
  const index = /(?:^|\.)layers\.(\d+)\./.exec(name)?.[1];
  return index !== undefined && layers !== null && !tower.test(name) && Number(index) >= layers ? index : undefined;
}
