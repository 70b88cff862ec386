import { canonicalJson } from "../util/canonical-json.js";
import type { KeyedStep } from "./fingerprint.js";
import type { StepRecord } from "./record.js";
import type { BuildRuntime } from "./runtime.js";
import { inputDigests } from "./step-inputs.js";

/**
 * Returns the folders of whole, finished steps for `StageContext.reusableSteps`, last finished first. A run with `fresh`
 * reuses only steps built since it began.
 */
export async function findReusableSteps(
  { step, fingerprint: own }: KeyedStep,
  runtime: BuildRuntime,
  inputs: readonly string[],
): Promise<string[]> {
  const { store, verify } = runtime;
  const ownInputs = inputDigests(step.inputs, runtime.records);
  const identityOf = ({ stage, version, tools, backend }: typeof own, digests: Readonly<Record<string, string>>) =>
    canonicalJson({
      stage,
      version,
      tools,
      backend: backend ?? null,
      inputs: inputs.map((name) => digests[name] ?? null),
    });
  const expected = identityOf(own, ownInputs);
  const relatives = (await eligibleRecords(runtime)).filter(
    (record) => identityOf(record.fingerprint, record.inputs) === expected,
  );
  relatives.sort((a, b) => (a.finished < b.finished ? 1 : -1));
  const folders: string[] = [];
  for (const {
    fingerprint: { stage },
    key,
  } of relatives) {
    if ((await store.find(stage, key, { verify })) !== undefined) folders.push(store.folder(stage, key));
  }
  return folders;
}

async function eligibleRecords({ store, freshSince }: BuildRuntime): Promise<StepRecord[]> {
  const known = (await store.records()).map(({ record }) => record);
  return freshSince === null ? known : known.filter(({ finished }) => finished >= freshSince);
}
