import { join } from "node:path";
import { quote } from "../../gguf/quote.js";
import { QuantsmithError } from "../../util/errors.js";
import { badIndex, indexFileName, readWeightIndex } from "./weight-index.js";

export interface Weights {
  /** File names, sorted. */
  files: string[];
  /** Tensor name to file name, when the folder has an index. */
  shardOf?: ReadonlyMap<string, string>;
}

const pickle = /^pytorch_model.*\.bin$|\.(pt|pth|ckpt)$/;

/**
 * Decides which files hold the weights, in the converter's own order: the index when there is one,
 * else a single `model*.safetensors`. Throws QS-FETCH-INDEX, QS-FETCH-PICKLE and QS-FETCH-NO-WEIGHTS.
 */
export async function findWeights(dir: string, names: ReadonlySet<string>): Promise<Weights> {
  if (names.has(indexFileName)) {
    const shardOf = await readWeightIndex(join(dir, indexFileName), names);
    return { files: [...new Set(shardOf.values())].sort(), shardOf };
  }
  if (names.has("model.safetensors")) return { files: ["model.safetensors"] };
  const safetensors = [...names].filter((name) => name.endsWith(".safetensors")).sort();
  const candidates = safetensors.filter((name) => name.startsWith("model"));
  const [only] = candidates;
  if (only === undefined) throw noWeights(dir, names, safetensors);
  if (candidates.length > 1 || /-\d+-of-\d+/.test(only)) {
    throw badIndex(join(dir, indexFileName), `it is missing, and ${quote(only)} may be one of several shards`);
  }
  return { files: [only] };
}

function noWeights(dir: string, names: ReadonlySet<string>, safetensors: readonly string[]): QuantsmithError {
  const [other] = safetensors;
  if (other !== undefined) {
    return new QuantsmithError("QS-FETCH-NO-WEIGHTS", `${dir} has ${quote(other)} but no model.safetensors`, {
      remedy: "The converter reads only files named model*.safetensors. If this file is the model, rename it.",
      at: { file: join(dir, other) },
    });
  }
  const pickled = [...names].sort().find((name) => pickle.test(name));
  if (pickled !== undefined) {
    return new QuantsmithError("QS-FETCH-PICKLE", `${dir} has its weights only as pickle: ${quote(pickled)}`, {
      remedy:
        "Pickle files can run code when opened. Use a revision with safetensors, or convert them on a machine you can lose (safetensors' convert.py).",
      at: { file: join(dir, pickled) },
    });
  }
  return new QuantsmithError("QS-FETCH-NO-WEIGHTS", `${dir} holds no weights`, {
    remedy: "Give a checkpoint folder with model.safetensors, or with shards and their index.",
    at: { file: dir },
  });
}
