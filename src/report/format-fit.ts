import type { FitResult, SpeedRange } from "../hardware/compatibility.js";
import { isCpuBackend } from "../hardware/fit/choose-backend.js";

/** Formats a verdict for a table cell. */
export function formatVerdict({ verdict, limit, layers, backend }: FitResult): string {
  switch (verdict) {
    case "full":
      return isCpuBackend(backend) ? "fits (CPU)" : "full offload";
    case "partial":
      if (layers === null) return "partial";
      if (layers.expertsOnCpu === 0) return `partial (${layers.offloaded}/${layers.total} layers)`;
      return layers.offloaded === layers.total
        ? `partial (experts of ${layers.expertsOnCpu} blocks on CPU)`
        : `partial (${layers.offloaded}/${layers.total} layers, experts on CPU)`;
    case "cpu":
      return "CPU";
    case "no":
      return `no (${limit ?? "memory"})`;
  }
}

/** Formats a speed range in tokens per second, `12–18`; "–" if unknown. */
export function formatSpeed(speed: SpeedRange | null): string {
  if (speed === null) return "–";
  const [low, high] = [speed.low, speed.high].map((value) => (value < 10 ? value.toFixed(1) : value.toFixed(0)));
  return low === high ? `${low}` : `${low}–${high}`;
}

/** Formats a context in tokens; "–" for none. */
export function formatContext(context: number | null): string {
  return context === null ? "–" : String(context);
}
