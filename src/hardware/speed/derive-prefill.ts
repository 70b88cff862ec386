import { quantile, threeDigits } from "./quantile.js";
import type { SpeedConstants } from "./speed-constants.js";
import type { SpeedData } from "./speed-data.js";

interface PrefillRow {
  key: string;
  model: string;
  /** Parameters × tokens per second. */
  rate: number;
}

/**
 * Derives the prefill constants. Prefill is bound by computation, so a chip's speed is inversely proportional to the
 * model's parameters. The spread is from chips that were measured with several models.
 */
export function derivePrefill({ measurements, models, chips }: SpeedData): SpeedConstants["prefill"] {
  const measured = measurements.filter(({ prefill, cards: gpus }) => prefill !== undefined && (gpus ?? 1) === 1);
  const rows = measured.map(({ chip, backend, model, prefill }): PrefillRow => {
    return { key: `${chip} ${backend}`, model, rate: (prefill ?? 0) * (models[model]?.parameters ?? 0) };
  });
  const ratios = rows.flatMap((row) => {
    const others = rows.filter(({ key, model }) => key === row.key && model !== row.model).map(({ rate }) => rate);
    return others.length === 0 ? [] : [row.rate / Math.sqrt(Math.min(...others) * Math.max(...others))];
  });
  const keys = [...new Set(rows.map(({ key }) => key))].sort();
  return {
    spread: {
      low: threeDigits(Math.min(1, quantile(ratios, 0.1)), "down"),
      high: threeDigits(Math.max(1, quantile(ratios, 0.9)), "up"),
    },
    chips: keys.flatMap((key) => {
      const own = measured.filter(({ chip, backend }) => `${chip} ${backend}` === key);
      const rates = rows.filter((row) => row.key === key).map(({ rate }) => rate);
      const first = own[0];
      if (first === undefined) return [];
      return [
        {
          name: chips[first.chip]?.name ?? first.chip,
          backend: first.backend,
          low: threeDigits(Math.min(...rates), "down"),
          high: threeDigits(Math.max(...rates), "up"),
          rows: own.length,
          sources: [...new Set(own.map(({ source }) => source))].sort(),
        },
      ];
    }),
  };
}
