import { join } from "node:path";
import type { StepInput } from "../plan/plan.js";
import type { StepRecord } from "./record.js";
import type { Store } from "./store.js";

type Inputs = Readonly<Record<string, StepInput>>;
type Records = ReadonlyMap<string, StepRecord>;

/** Returns the path of a named input; undefined for an optional input that is missing. */
export function inputPath(inputs: Inputs, name: string, records: Records, store: Store): string | undefined {
  const input = inputs[name];
  if (input === undefined) return undefined;
  if (input.kind === "outside") return input.path;
  const record = records.get(input.step);
  if (record === undefined) return undefined;
  const exists = record.outputs.some(({ path }) => path === input.file || path.startsWith(`${input.file}/`));
  return exists ? join(store.folder(record.fingerprint.stage, record.key), input.file) : undefined;
}

/** Returns the sha256 of each input that is one file; the step's key covers folders in the store. */
export function inputDigests(inputs: Inputs, records: Records): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const [name, input] of Object.entries(inputs)) {
    if (input.kind === "outside") digests[name] = input.digest;
    else {
      const output = records.get(input.step)?.outputs.find(({ path }) => path === input.file);
      if (output !== undefined) digests[name] = output.sha256;
    }
  }
  return digests;
}
