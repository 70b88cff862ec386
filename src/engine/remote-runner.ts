import type { Step } from "../plan/plan.js";
import type { KeyedStep } from "./fingerprint.js";
import type { StepRecord } from "./record.js";

/** Runs steps of a plan on other machines; `remote/remote-steps.ts` implements it on a queue. */
export interface RemoteRunner {
  /** Submits every step that can start; called once, before the first step. Errors: the queue's. */
  start(): Promise<void>;
  /** Whether this step runs remotely. */
  runsRemotely(step: Step): boolean;
  /** Waits until a step, whose inputs are all finished, is finished. Errors: the step's own, QS-WORKER-*. */
  waitForStep(step: KeyedStep, restore: boolean): Promise<StepRecord>;
  /** Submits the steps that became ready since the last call. */
  submitReady(): Promise<void>;
  /** Cancels the submitted steps without a result that no other run waits for. */
  stop(): Promise<void>;
}
