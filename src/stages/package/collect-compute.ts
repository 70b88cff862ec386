import type { ReleaseCompute, RunReport } from "../../release/release-report.js";
import type { StepSummary } from "../stage.js";

/** Joins the devices of a run's steps, which may have run on several machines; none if all were computed on the CPU. */
export function collectCompute(steps: readonly StepSummary[]): Pick<RunReport, "compute"> {
  const found = steps.flatMap(({ compute }) => compute ?? []);
  const distinct = <K extends keyof ReleaseCompute>(key: K) => [...new Set(found.map((each) => each[key]))];
  if (found.length === 0) return {};
  const drivers = distinct("driver").filter((driver) => driver !== null);
  const layers = distinct("gpuLayers").filter((count) => count !== null);
  return {
    compute: {
      backend: distinct("backend").join(", "),
      device: distinct("device").join(", "),
      driver: drivers.length === 0 ? null : drivers.join(", "),
      gpuLayers: layers.length === 0 ? null : Math.min(...layers),
    },
  };
}
