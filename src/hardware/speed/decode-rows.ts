import { ggmlTypeByName } from "../../quant/ggml-types.js";
import type { BackendId } from "../catalog/device.js";
import type { Measurement, SpeedData } from "./speed-data.js";
import { type TypeClass, typeClass } from "./type-class.js";

/** One measured decode speed, ready to be fitted. */
export interface DecodeRow {
  chip: string;
  backend: BackendId;
  class: TypeClass;
  layers: number;
  /** Weights that are read for a token. */
  activeBytes: number;
  /** Seconds per token that were measured. */
  seconds: number;
  /** Seconds per token if every byte came at the full bandwidth. */
  idealSeconds: number;
}

/** The measurements in seconds per token: active weights and the KV cache that was read, over the chip's bandwidth. */
export function decodeRows({ measurements, models, chips }: SpeedData): DecodeRow[] {
  return measurements.flatMap((row) => {
    const model = models[row.model];
    const chip = chips[row.chip];
    const gib = model?.gib[row.type];
    if (model === undefined || chip === undefined || gib === undefined) return [];
    const fileBytes = gib * 2 ** 30;
    const bandwidth = chip.bandwidth * 1e9;
    const active = model.active ?? fileBytes - (model.lookedUp * embeddingBits(row.type)) / 8;
    return [
      {
        chip: row.chip,
        backend: row.backend,
        class: typeClass(row.type),
        layers: model.layers,
        activeBytes: active,
        seconds: 1 / tokensPerSecond(row, fileBytes, bandwidth),
        idealSeconds: (active + row.depth * model.kvBytesPerToken) / bandwidth,
      },
    ];
  });
}

function tokensPerSecond(row: Measurement, fileBytes: number, bandwidth: number): number {
  if (row.decode !== undefined) return row.decode;
  const bytesPerSecond =
    row.ofBandwidth === undefined ? (row.gigabytesPerSecond ?? 0) * 1e9 : row.ofBandwidth * bandwidth;
  return bytesPerSecond / fileBytes;
}

/** llama-quantize stores the embedding in a preset's main type, or in Q2_K at least below that. */
function embeddingBits(preset: string): number {
  const type = ggmlTypeByName(preset.replace(/_K_[SML]$/, "_K"));
  const least = ggmlTypeByName("Q2_K")?.bitsPerWeight ?? 0;
  return Math.max(type?.bitsPerWeight ?? least, least);
}
