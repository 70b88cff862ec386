import { ggmlTypeByName } from "../quant/ggml-types.js";
import type { RunReport } from "../release/release-report.js";

/** Says which quantized tensors of the source the variants contain unchanged; undefined for a source without any. */
export function describeKept({ base, variants }: RunReport): string | undefined {
  const own = Object.entries(base?.quantized ?? {});
  if (own.length === 0) return undefined;
  const which = own.map(
    ([type, count]) => `${count} tensors in ${type} (${ggmlTypeByName(type)?.bitsPerWeight} bits per weight)`,
  );
  const requantized = variants
    .filter(({ types }) => own.some(([type, count]) => (types[type] ?? 0) < count))
    .map(({ name }) => name);
  const other = requantized.length === 0 ? "" : `, except ${requantized.join(", ")}, which rounds them again`;
  return `The source is quantized itself: it has ${which.join(" and ")}. Every variant contains them unchanged${other}, so that the variants differ only in the other tensors, and in size less than usual.`;
}
