import type { ComputeSettings } from "../llamacpp/compute/compute.js";
import type { ComputeChoice } from "../llamacpp/compute/resolve-compute.js";
import type { ToolId } from "../llamacpp/tool-digests.js";
import type { EngineChoice } from "../stages/convert/choose-engine.js";
import type { PackageParams } from "../stages/package/package-params.js";
import type {
  ForeseeContext,
  OperationReport,
  PrepareContext,
  Prepared,
  Resource,
  StageContext,
  StageName,
} from "../stages/stage.js";
import type { JsonObject } from "../util/canonical-json.js";
import type { Warning } from "../util/warnings.js";

/** Source of a named input of a step. */
export type StepInput =
  /** An output of another step. An optional one may be missing: its step failed or was not selected. */
  | { kind: "step"; step: string; file: string; optional: boolean }
  /** A file or folder outside the store, identified by the digest of its content. */
  | { kind: "outside"; path: string; digest: string };

export interface Step {
  /** Unique in the plan: the stage, or `stage:part`, as in `quantize:Q4_K_M`. */
  id: string;
  stage: StageName;
  /** The variant of the step; absent for steps that all variants share. */
  variant?: string;
  /** The variants that are compared with its own, which nobody downloads; absent for a variant of the recipe. */
  comparatorOf?: readonly string[];
  /** `reuse` steps are taken from the store or skipped, never built (`--only`, `--variant`). */
  mode: "build" | "reuse";
  /** Id of its operation, with which another machine can run it; absent if only this process can. */
  operation?: string;
  /** Whether its outputs depend on the backend (`Operation.usesDevices`). */
  usesDevices?: boolean;
  /** Whether it fails before it starts if the memory is too small for the model that it evaluates. */
  requiresMemory?: boolean;
  /** Whether its work can be split into shards (`StageContext.shard`). */
  isShardable?: boolean;
  version: number;
  resource: Resource;
  tools: readonly ToolId[];
  params: JsonObject;
  inputs: Readonly<Record<string, StepInput>>;
  /** A step that ends before this one starts, successfully or not, since this one may copy from its outputs. */
  after?: string;
  /** Expected bytes that the step writes, outputs and scratch together; an estimate on the high side. */
  predictedBytes: number;
  /** Runs once before `run`, when all inputs exist, and returns the exact bytes; absent if the estimate is used. */
  prepare?(context: PrepareContext): Promise<Prepared>;
  /** Predicts the result of `prepare` before its inputs exist; absent or undefined if only the estimate is known. */
  foresee?(context: ForeseeContext): Promise<Prepared | undefined>;
  /** Outputs that may be dropped after their last reader. */
  intermediates: readonly string[];
  /** `prepared`: the result of `prepare`. */
  run(context: StageContext, prepared?: Prepared): Promise<OperationReport>;
}

/** The steps of one recipe, each after its inputs. */
export interface Plan {
  /** The release's name. */
  name: string;
  steps: readonly Step[];
  /** Digest of every external program that a step may depend on. */
  toolDigests: Readonly<Record<ToolId, string>>;
  /** The devices for the steps that evaluate a model. */
  compute: ComputeChoice;
  /** The settings of that choice, with which other machines make their own. */
  computeSettings: ComputeSettings;
  /** Sentences for the user, without the final period. */
  notes: readonly string[];
  /** False: drop intermediate files after their last reader. Always true for a partial plan. */
  keepIntermediates: boolean;
  /** The converter of the checkpoint, with the reason. */
  convert: EngineChoice;
  /** What is known before any step runs; `known-warnings.ts` of the engine adds those of the steps. */
  warnings: readonly Warning[];
  /** Parameters and inputs of the package stage; the run's report uses the same, also without that stage. */
  report: { params: PackageParams; inputs: Readonly<Record<string, StepInput>> };
}

/** Returns the ids of the steps whose outputs this step reads. */
export function dependencies(step: Step): { id: string; optional: boolean }[] {
  const optionalById = new Map<string, boolean>();
  for (const input of Object.values(step.inputs)) {
    if (input.kind !== "step") continue;
    optionalById.set(input.step, (optionalById.get(input.step) ?? true) && input.optional);
  }
  return [...optionalById].map(([id, optional]) => ({ id, optional }));
}
