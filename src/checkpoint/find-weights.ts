import { join } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { badIndex, findIndex, indexFileName, pickleName, readWeightIndex } from "./weight-index.js";

export interface Weights {
  /** File names, sorted. */
  files: string[];
  /** File name by tensor name, if the folder contains an index of safetensors. */
  shardOf?: ReadonlyMap<string, string>;
}

const pickle = /^pytorch_model.*\.bin$|\.(pt|pth|ckpt)$/;

/**
 * Returns the weight files of a folder, in the converter's order.
 * Throws QS-FETCH-INDEX, QS-FETCH-PICKLE and QS-FETCH-NO-WEIGHTS.
 */
export async function findWeights(dir: string, names: ReadonlySet<string>, allowUnsafe = false): Promise<Weights> {
  const index = findIndex(names, allowUnsafe);
  const shardOf = index === undefined ? undefined : await readWeightIndex(join(dir, index), names);
  const files = selectWeights(dir, names, shardOf, allowUnsafe);
  // Pickles are not opened, so their tensors are not compared with the index.
  return { files, ...(index === indexFileName && shardOf ? { shardOf } : {}) };
}

/**
 * Like `findWeights`, from names only: the shards of the index, else a single `model*.safetensors`, else, with
 * `allowUnsafe`, `pytorch_model*.bin`. `place` names the folder or repository in messages. Pure.
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
    const pickles = [...names].filter((name) => pickleName.test(name)).sort();
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
    return new QuantsmithError("QS-FETCH-NO-WEIGHTS", `${place} contains ${quote(other)} but no model.safetensors`, {
      remedy:
        "If the file contains the model's weights, rename it to model.safetensors: the converter reads only model*.safetensors.",
      at: { file: join(place, other) },
    });
  }
  const pickled = [...names].sort().find((name) => pickle.test(name));
  if (pickled !== undefined) {
    return new QuantsmithError("QS-FETCH-PICKLE", `${place} contains weights only as pickle: ${quote(pickled)}`, {
      remedy:
        "Use a revision with safetensors, or convert the files with safetensors' convert.py on an isolated machine: pickle files can run code when opened. Set `model.allowUnsafe: true` to use them unconverted.",
      at: { file: join(place, pickled) },
    });
  }
  return new QuantsmithError("QS-FETCH-NO-WEIGHTS", `${place} contains no weights`, {
    remedy: [...names].some((name) => name.endsWith(".gguf"))
      ? `To start from a 16-bit GGUF file, name it in \`model.source\`: \`${place}/<file>.gguf\`.`
      : "Use a checkpoint with model.safetensors, or with shards and their index.",
    at: { file: place },
  });
}
