import type { Operation } from "../stages/stage.js";
import type { JsonObject } from "../util/canonical-json.js";
import type { Step, StepInput } from "./plan.js";

/** Returns a required input: a file that another step writes. */
export function outputOf(stepId: string, file: string): StepInput {
  return { kind: "step", step: stepId, file, optional: false };
}

/** Returns a step for one operation with these parameters and inputs. */
export function step<P extends JsonObject>(
  id: string,
  operation: Operation<P>,
  params: P,
  inputs: Record<string, StepInput>,
  predictedBytes: number,
  variant?: string,
): Step {
  const { stage, version, resource, tools, prepare } = operation;
  return {
    ...{ id, stage, version, resource, tools, params, inputs, predictedBytes, mode: "build" as const },
    ...(variant === undefined ? {} : { variant }),
    ...(operation.id === undefined ? {} : { operation: operation.id }),
    intermediates: operation.intermediates ?? [],
    usesDevices: operation.usesDevices?.(params, inputs) ?? false,
    isShardable: operation.isShardable?.(params) ?? false,
    ...(prepare && { prepare: (context) => prepare(params, context) }),
    run: (context, prepared) => operation.run(params, context, prepared),
  };
}
