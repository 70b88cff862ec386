import { ggmlTypeByName } from "../../quant/ggml-types.js";
import type { BackendId } from "../catalog/device.js";
import type { Measurement, SpeedData } from "./speed-data.js";
import { type TypeClass, typeClass } from "./type-class.js";

/** A measured decode speed as input of the fit. */
export interface DecodeRow {
  chip: string;
  backend: BackendId;
  class: TypeClass;
  layers: number;
  /** Bytes of weights read per token. */
  activeBytes: number;
  /** Measured seconds per token. */
  seconds: number;
  /** Seconds per token at the full bandwidth. */
  idealSeconds: number;
}

/** Converts measurements to seconds per token; the ideal is active weights plus KV cache, divided by the bandwidth. */
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

/** llama-quantize stores the embedding in a preset's main type, but at least in Q2_K. */
function embeddingBits(preset: string): number {
  const type = ggmlTypeByName(preset.replace(/_K_[SML]$/, "_K"));
  const least = ggmlTypeByName("Q2_K")?.bitsPerWeight ?? 0;
  return Math.max(type?.bitsPerWeight ?? least, least);
}
