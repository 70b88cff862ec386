import { stat } from "node:fs/promises";
import type { ErrorTable } from "../../quant/error-table.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { openSource, withPool } from "../ggml-source.js";
import { type Operation, requiredInput } from "../stage.js";
import { readReport, writeReport } from "../step-files.js";
import type { BaseReport } from "../validate/base-logits.js";
import { probeTypes, storableTypes } from "./candidates.js";
import {
  estimateAlphas,
  isReadable,
  type NoiseFloor,
  type ProbeReading,
  type ProbeWithAlpha,
} from "./estimate-alphas.js";
import { withEvaluatedModel } from "./evaluated-model.js";
import { ProbeRunner } from "./probe-runner.js";
import { type ProbeEffort, type ProbeUnit, probeUnits } from "./probe-units.js";
import { withFeedback } from "./reusable-errors.js";
import { RoundedTensors } from "./rounded-tensors.js";

export interface ProbesParams extends JsonObject {
  effort: ProbeEffort;
}

/** `probes.json`: how sensitive the model is to damage in each tensor or group of tensors. */
export interface ProbesReport {
  effort: ProbeEffort;
  corpus: string;
  chunks: number;
  context: number;
  floor: NoiseFloor;
  probes: ProbeWithAlpha[];
}

/** The unit without damage. The name differs from all tensors and groups. */
const nothing = { id: "(floor)", tensors: [] };

/**
 * Quantizes one group of tensors after the other and measures the KL divergence on the search text. Inputs `model`,
 * optional `evaluated` (a copy that is measured instead), `imatrix` and `moments` (then with error feedback), `errors`,
 * `base` (logits), `baseReport`; output `probes.json`. Measurements of a killed run are reused. Errors: QS-VALIDATE-*,
 * QS-GGML-*, QS-DISK-FULL, QS-TOOL-PROBES.
 */
export const measureProbes: Operation<ProbesParams> = {
  id: "measure-probes",
  stage: "allocate",
  version: 2,
  resource: "compute",
  usesDevices: () => true,
  tools: ["llama.cpp", "node-llama-cpp"],
  isShardable: () => true,
  // At most, the values of one unit are as large as the model.
  prepare: async (_params, context) => ({ bytes: (await stat(requiredInput(context, "model"))).size }),
  async run({ effort }, context) {
    const measured = await readReport<ErrorTable>(requiredInput(context, "errors"));
    const rounded = context.input("moments") === undefined ? undefined : await RoundedTensors.open(context);
    // The moments underestimate the error on other texts. Probes with feedback include that in alpha.
    const table = rounded === undefined ? measured : withFeedback(measured);
    const base = await readReport<BaseReport>(requiredInput(context, "baseReport"));
    const measuring = withEvaluatedModel(context);
    const { index, count } = context.shard ?? { index: 1, count: 1 };
    const units = probeUnits(table.tensors, effort).filter((_unit, place) => place % count === index - 1);
    const source = await openSource(measuring);
    return withPool(context, async (pool) => {
      const runner = await ProbeRunner.open(measuring, source, pool, rounded);
      try {
        const floor = await runner.measureUnit(nothing, "");
        const readings: ProbeReading[] = [];
        for (const unit of units) {
          readings.push(await readUnit(unit, floor, runner));
          context.progress({ done: readings.length, total: units.length, unit: "probe" });
        }
        if (context.shard !== undefined) return await runner.finish();
        const report: ProbesReport = {
          effort,
          corpus: base.corpus,
          chunks: base.chunks,
          context: base.context,
          floor: { kld: floor.kld, kldError: floor.kldError },
          probes: estimateAlphas(readings, floor),
        };
        await writeReport(context, "probes.json", report);
        return await runner.finish();
      } finally {
        await runner.close();
      }
    });
  },
};

/** Measures a unit with the first probe type, and if that is unreadable, with the coarser one. */
async function readUnit(unit: ProbeUnit, floor: NoiseFloor, runner: ProbeRunner): Promise<ProbeReading> {
  const { id, role } = unit;
  const tensors = unit.tensors.map(({ name }) => name);
  // Tensors that no probe type can store stay in 16 bits in every variant.
  let reading: ProbeReading = { unit: id, type: "", ...floor, role, tensors, error: 0 };
  for (const type of probeTypes) {
    if (!unit.tensors.every(({ shape }) => storableTypes([type], shape[0] ?? 1).length > 0)) continue;
    const probe = await runner.measureUnit(unit, type);
    reading = { ...probe, role, tensors, error: await runner.errorOf(unit, type) };
    if (isReadable(probe, floor)) break;
  }
  return reading;
}
