import type { RunReport } from "../release/release-report.js";

/** Describes error-feedback rounding in one sentence of plain text; undefined without a variant that uses it. */
export function describeRounding({ variants }: RunReport): string | undefined {
  const rounded = variants.flatMap(({ name, rounding }) => (rounding === undefined ? [] : [{ name, ...rounding }]));
  const ratios = rounded.flatMap(({ lossRatio }) => (lossRatio === null ? [] : [lossRatio]));
  if (ratios.length === 0) return undefined;
  const nearest = variants.filter(({ rounding }) => rounding === undefined).map(({ name }) => name);
  const percent = (ratio: number) => (100 * ratio).toFixed(0);
  const [least, most] = [percent(Math.min(...ratios)), percent(Math.max(...ratios))];
  const share = least === most ? `${least} %` : `${least} to ${most} %`;
  const partly = rounded.filter((variant) => variant.nearest.length > 0);
  return [
    "error-feedback rounding (GPTQ family, arXiv 2210.17323) with the second moments of the inputs on the calibration text",
    `; the mean error of a tensor's output is ${share} of that of rounding to nearest`,
    ...partly.map(
      ({ name, nearest: { length } }) =>
        `; ${length} ${length === 1 ? "tensor" : "tensors"} of ${name} rounded to nearest`,
    ),
    ...(nearest.length === 0 ? [] : [`; ${nearest.join(", ")} rounded to nearest`]),
  ].join("");
}
