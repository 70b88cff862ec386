import type { BackendKind } from "../llamacpp/compute/compute.js";
import type { ToolId } from "../llamacpp/tool-digests.js";
import type { Plan, Step } from "../plan/plan.js";
import { canonicalJson, type JsonObject } from "../util/canonical-json.js";
import { sha256 } from "../util/sha256.js";

/**
 * Everything that decides a step's outputs, and nothing else: no paths, no threads, no log levels.
 * Two steps with equal fingerprints are interchangeable.
 */
export interface Fingerprint extends JsonObject {
  /** Version of this structure; raised when a field changes its meaning. */
  format: 1;
  /** Separates stages that happen to have the same parameters. */
  stage: string;
  /** Version of the stage's code; raised when a stage would give other outputs for the same inputs. */
  version: number;
  /** Parameters from the recipe and the pipeline. */
  params: JsonObject;
  /** Content of the inputs: the producing step's key and the output's name, or an outside file's digest. */
  inputs: { readonly [name: string]: string };
  /** Digests of the programs it runs: another llama.cpp may quantize, measure or answer differently. */
  tools: { readonly [tool in ToolId]?: string };
  /**
   * Kind of backend that computes: each adds in another order, so results differ in the last digits. Absent on the CPU
   * and for steps that never use devices.
   */
  backend?: BackendKind;
}

/** A step with its key, which is computed once. */
export interface KeyedStep {
  readonly step: Step;
  readonly fingerprint: Fingerprint;
  /** sha256 of the fingerprint's canonical JSON, 64 hex digits. */
  readonly key: string;
}

/** What keys depend on besides the steps. */
export type KeyFacts = Pick<Plan, "toolDigests" | "compute">;

/**
 * Computes the key of a step from the keys of the steps it reads from. Leaves out an optional input whose step has no
 * key; the step runs without that input.
 */
export function keyStep(step: Step, plan: KeyFacts, keys: ReadonlyMap<string, string>): KeyedStep {
  const description = fingerprint(step, plan, keys);
  return { step, fingerprint: description, key: sha256(canonicalJson(description)) };
}

function fingerprint(step: Step, plan: KeyFacts, keys: ReadonlyMap<string, string>): Fingerprint {
  const inputs: Record<string, string> = {};
  for (const [name, input] of Object.entries(step.inputs)) {
    if (input.kind === "outside") inputs[name] = `sha256:${input.digest}`;
    else {
      const key = keys.get(input.step);
      if (key !== undefined) inputs[name] = `step:${key}/${input.file}`;
      else if (!input.optional) throw new Error(`${step.id} was fingerprinted before ${input.step}`);
    }
  }
  const { backend } = plan.compute.compute;
  return {
    format: 1,
    stage: step.stage,
    version: step.version,
    params: step.params,
    inputs,
    tools: Object.fromEntries(step.tools.map((tool) => [tool, plan.toolDigests[tool]])),
    ...(step.usesDevices === true && backend !== "cpu" ? { backend } : {}),
  };
}
