import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { Step } from "../plan/plan.js";
import { inputChanged } from "../stages/input-changed.js";
import { QuantsmithError } from "../util/errors.js";
import { isUntouched, type LiveFileState, liveFileState, sameState } from "../util/file-state.js";
import { isWithin } from "./record.js";
import type { BuildRuntime } from "./runtime.js";

/** A file outside the store that a step reads through a link in the store. */
interface LinkedFile {
  path: string;
  /** State when this process hashed it, else at the start of the step. */
  before: LiveFileState;
  sha256: string;
}

/**
 * Runs the work of a step, and throws QS-INPUT-CHANGED if an input changed meanwhile, whether the work succeeded or
 * failed. A user may edit a text or a linked checkpoint file; wrong outputs would then stay in the store under the step's
 * key.
 */
export async function withUnchangedInputs<T>(step: Step, runtime: BuildRuntime, work: () => Promise<T>): Promise<T> {
  const linked = await linkedFiles(step, runtime);
  const changed = async () => (await findChangedFile(linked, runtime)) ?? (await findChangedInput(step, runtime));
  try {
    const result = await work();
    const name = await changed();
    if (name !== undefined) throw inputChanged(step.id, name);
    return result;
  } catch (error) {
    const isOwn = runtime.signal.aborted || (error instanceof QuantsmithError && error.code === "QS-INPUT-CHANGED");
    const name = isOwn ? undefined : await changed();
    throw name === undefined ? error : inputChanged(step.id, name, error);
  }
}

async function linkedFiles({ inputs }: Step, { records, store, digests }: BuildRuntime): Promise<LinkedFile[]> {
  const found: LinkedFile[] = [];
  for (const input of Object.values(inputs)) {
    const record = input.kind === "step" ? records.get(input.step) : undefined;
    if (record === undefined || input.kind !== "step") continue;
    const folder = store.folder(record.fingerprint.stage, record.key);
    for (const { path: name, dropped, sha256 } of record.outputs) {
      const path = join(folder, name);
      if (dropped || !isWithin(name, input.file) || !(await isLink(path))) continue;
      // A link without its file fails in the step itself.
      const before = await digests.lastState(path).catch(() => undefined);
      if (before !== undefined) found.push({ path, before, sha256 });
    }
  }
  return found;
}

/** Returns the name of a linked file that was written, replaced or removed, even if it is the same again. */
async function findChangedFile(
  linked: readonly LinkedFile[],
  { digests, signal }: BuildRuntime,
): Promise<string | undefined> {
  for (const { path, before, sha256 } of linked) {
    const now = await liveFileState(path).catch(() => undefined);
    // A hard link, as a backup makes, changes the ctime as a write does.
    const isSame =
      now !== undefined &&
      isUntouched(before, now) &&
      (sameState(before, now) || (await digests.digest(path, signal)) === sha256);
    if (!isSame) return path.slice(path.lastIndexOf("/") + 1);
  }
  return undefined;
}

/** Returns the name of an input whose files in the store no longer match their record. */
async function findChangedInput({ inputs }: Step, { records, store }: BuildRuntime): Promise<string | undefined> {
  for (const [name, input] of Object.entries(inputs)) {
    if (input.kind === "outside") continue; // its stage reads the whole file and compares the digest
    const record = records.get(input.step);
    if (record === undefined) continue;
    const { stage } = record.fingerprint;
    if ((await store.find(stage, record.key, { readOnly: true })) === undefined) return name;
  }
  return undefined;
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
}
