import type { ToolId } from "../llamacpp/tool-digests.js";
import type { EngineChoice } from "../stages/convert/choose-engine.js";
import type { PackageParams } from "../stages/package/package-params.js";
import type { OperationReport, PrepareContext, Prepared, Resource, StageContext, StageName } from "../stages/stage.js";
import type { JsonObject } from "../util/canonical-json.js";

/** Where one named input of a step comes from. */
export type StepInput =
  /** An output of another step. An optional one may be missing: its step failed or was not asked for. */
  | { kind: "step"; step: string; file: string; optional: boolean }
  /** A file or folder outside the store, known by the digest of its content. */
  | { kind: "outside"; path: string; digest: string };

export interface Step {
  /** Unique in the plan: the stage, or `stage:part`, as in `quantize:Q4_K_M`. */
  id: string;
  stage: StageName;
  /** The variant it works for; absent for steps that all variants share. */
  variant?: string;
  /** `reuse` steps are taken from the store or left out, never built (`--only`, `--variant`). */
  mode: "build" | "reuse";
  /** Id of its operation, with which another machine can do it; absent when only this process can. */
  operation?: string;
  /** Whether its work can be dealt out (`StageContext.shard`). */
  isShardable?: boolean;
  version: number;
  resource: Resource;
  tools: readonly ToolId[];
  params: JsonObject;
  inputs: Readonly<Record<string, StepInput>>;
  /** A step that ends before this one starts, since this one may copy from its outputs; it may as well fail. */
  after?: string;
  /** Bytes the step is expected to write, outputs and scratch together; an estimate on the high side. */
  predictedBytes: number;
  /** Runs once before `run`, when all inputs exist, and returns the exact bytes; absent when the estimate counts. */
  prepare?(context: PrepareContext): Promise<Prepared>;
  /** Outputs that may be dropped after their last reader. */
  intermediates: readonly string[];
  /** `prepared`: what `prepare` returned. */
  run(context: StageContext, prepared?: Prepared): Promise<OperationReport>;
}

/** What is to be done for one recipe, in an order in which every step stands after its inputs. */
export interface Plan {
  /** The release's name. */
  name: string;
  steps: readonly Step[];
  /** Digest of every outside program that a step may depend on. */
  toolDigests: Readonly<Record<ToolId, string>>;
  /** False: drop intermediate files after their last reader. Always true for a part of a plan. */
  keepIntermediates: boolean;
  /** What converts the checkpoint, and why. */
  convert: EngineChoice;
  /** What the package stage is told and reads; the run's report is made from the same, also without that stage. */
  report: { params: PackageParams; inputs: Readonly<Record<string, StepInput>> };
}

/** Ids of the steps whose outputs this step reads. */
export function dependencies(step: Step): { id: string; optional: boolean }[] {
  const optionalById = new Map<string, boolean>();
  for (const input of Object.values(step.inputs)) {
    if (input.kind !== "step") continue;
    optionalById.set(input.step, (optionalById.get(input.step) ?? true) && input.optional);
  }
  return [...optionalById].map(([id, optional]) => ({ id, optional }));
}
