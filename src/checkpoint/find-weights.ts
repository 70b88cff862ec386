import { join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { badIndex, indexFileName, readWeightIndex } from "./weight-index.js";

export interface Weights {
  /** File names, sorted. */
  files: string[];
  /** Tensor name to file name, when the folder has an index. */
  shardOf?: ReadonlyMap<string, string>;
}

const pickle = /^pytorch_model.*\.bin$|\.(pt|pth|ckpt)$/;

/**
 * Decides which files of a folder hold the weights, in the converter's own order.
 * Throws QS-FETCH-INDEX, QS-FETCH-PICKLE and QS-FETCH-NO-WEIGHTS.
 */
export async function findWeights(dir: string, names: ReadonlySet<string>, allowUnsafe = false): Promise<Weights> {
  if (!names.has(indexFileName)) return { files: selectWeights(dir, names, undefined, allowUnsafe) };
  const shardOf = await readWeightIndex(join(dir, indexFileName), names);
  return { files: selectWeights(dir, names, shardOf, allowUnsafe), shardOf };
}

/**
 * The same for names alone: the index's shards when there is an index, else a single `model*.safetensors`, else, where
 * that is allowed, `pytorch_model*.bin`. `place` stands in messages. Pure.
 */
export function selectWeights(
  place: string,
  names: ReadonlySet<string>,
  shardOf: ReadonlyMap<string, string> | undefined,
  allowUnsafe: boolean,
): string[] {
  if (shardOf !== undefined) return [...new Set(shardOf.values())].sort();
  if (names.has("model.safetensors")) return ["model.safetensors"];
  const safetensors = [...names].filter((name) => name.endsWith(".safetensors")).sort();
  const candidates = safetensors.filter((name) => name.startsWith("model"));
  const [only] = candidates;
  if (only === undefined) {
    const pickles = [...names].filter((name) => /^pytorch_model[\w.-]*\.bin$/.test(name)).sort();
    if (allowUnsafe && pickles.length > 0) return pickles;
    throw noWeights(place, names, safetensors);
  }
  if (candidates.length > 1 || /-\d+-of-\d+/.test(only)) {
    throw badIndex(join(place, indexFileName), `it is missing, and ${quote(only)} may be one of several shards`);
  }
  return [only];
}

function noWeights(place: string, names: ReadonlySet<string>, safetensors: readonly string[]): QuantsmithError {
  const [other] = safetensors;
  if (other !== undefined) {
    return new QuantsmithError("QS-FETCH-NO-WEIGHTS", `${place} has ${quote(other)} but no model.safetensors`, {
      remedy: "The converter reads only files named model*.safetensors. If this file is the model, rename it.",
      at: { file: join(place, other) },
    });
  }
  const pickled = [...names].sort().find((name) => pickle.test(name));
  if (pickled !== undefined) {
    return new QuantsmithError("QS-FETCH-PICKLE", `${place} has its weights only as pickle: ${quote(pickled)}`, {
      remedy:
        "Pickle files can run code when opened. Use a revision with safetensors, or convert them on a machine you can lose (safetensors' convert.py). `model.allowUnsafe: true` takes them as they are.",
      at: { file: join(place, pickled) },
    });
  }
  return new QuantsmithError("QS-FETCH-NO-WEIGHTS", `${place} holds no weights`, {
    remedy: "Give a checkpoint with model.safetensors, or with shards and their index.",
    at: { file: place },
  });
}
