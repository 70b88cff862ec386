import { link } from "node:fs/promises";
import { join } from "node:path";
import type { Gguf } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import type { FileRange } from "../../gguf/write-gguf.js";
import type { GgmlType } from "../../quant/ggml-types.js";
import { QuantsmithError } from "../../util/errors.js";
import { type FileState, fileState, sameButLinks } from "../../util/file-state.js";
import type { StageContext } from "../stage.js";
import type { Rounding } from "./quantize.js";
import { readRoundings, type WeightRounding } from "./rounding-table.js";

/** Tensors of the wanted types in finished variants of the same base, imatrix, moments and rounding. */
export interface FinishedTensors {
  places: ReadonlyMap<string, FileRange>;
  /** How they were rounded; empty for rounding to nearest. */
  roundings: ReadonlyMap<string, WeightRounding>;
  /** Throws QS-INPUT-CHANGED if one of the files changed since. */
  requireUnchanged(): Promise<void>;
}

/**
 * Finds the wanted tensors, by name and type, in the variants of the store. These files are the bank, so no tensor is
 * stored twice. Each file is hard-linked into the working folder, so that it survives changes of the store. Missing
 * files and files that cannot be linked are skipped.
 */
export async function findFinishedTensors(
  context: Pick<StageContext, "reusableSteps" | "work">,
  wanted: ReadonlyMap<string, GgmlType>,
  rounding: Rounding,
): Promise<FinishedTensors> {
  const places = new Map<string, FileRange>();
  const roundings = new Map<string, WeightRounding>();
  const states = new Map<string, FileState>();
  for (const [i, folder] of (await context.reusableSteps(["model", "imatrix", "moments"])).entries()) {
    if (places.size === wanted.size) break;
    const path = join(context.work, `finished-${i}.gguf`);
    const linked = await link(join(folder, "model.gguf"), path).then(
      () => true,
      () => false,
    );
    const variant = linked ? await readVariant(path) : undefined;
    if (variant === undefined) continue;
    const state = await fileState(path);
    const known = rounding === "feedback" ? await readRoundings(folder) : undefined;
    for (const { name, type, offset } of variant.tensors) {
      if (wanted.get(name) !== type || places.has(name)) continue;
      const own = known?.get(name);
      if (known !== undefined && own?.type !== type.name) continue;
      if (own !== undefined) roundings.set(name, own);
      places.set(name, { path, offset });
      states.set(path, state);
    }
  }
  return {
    places,
    roundings,
    async requireUnchanged() {
      for (const [path, state] of states) {
        // Without ctime, which changes when other steps link the same file.
        if (!sameButLinks(await fileState(path), state)) throw changed();
      }
    },
  };
}

async function readVariant(path: string): Promise<Gguf | undefined> {
  try {
    return await readGguf(path);
  } catch (error) {
    if (error instanceof QuantsmithError) return undefined;
    throw error;
  }
}

function changed(): QuantsmithError {
  return new QuantsmithError("QS-INPUT-CHANGED", "a stored variant changed while its tensors were copied", {
    remedy: "Run again to rebuild the changed variant.",
  });
}
