import { formatKld, formatMegabytes } from "../release/figures.js";
import type { VariantReport } from "../release/release-report.js";

/** Lists the KLD and size of each variant beside those of its comparator; undefined without comparators. */
export function describeComparators(variants: readonly VariantReport[]): string | undefined {
  const list = variants.flatMap(({ name, bytes, quality, comparator }) => {
    if (quality === null || comparator === undefined) return [];
    const size = formatMegabytes(comparator.bytes);
    const sizes = bytes === comparator.bytes ? "both" : `${formatMegabytes(bytes)} and`;
    return [
      `${name} has a mean KLD of ${formatKld(quality)} instead of ${formatKld(comparator.quality)} of llama.cpp's ${comparator.preset} (${sizes} ${size})`,
    ];
  });
  if (list.length === 0) return undefined;
  return `Compared with presets of llama.cpp, built with llama-quantize's rounding from the same importance matrix and measured on the same text: ${list.join("; ")}.`;
}
