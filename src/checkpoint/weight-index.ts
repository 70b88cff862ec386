import { basename } from "node:path";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { readRegular } from "../util/regular-file.js";
import { isObject } from "./parse-python-json.js";
import { decodeJson } from "./read-text.js";

export const indexFileName = "model.safetensors.index.json";
const pickleIndexName = "pytorch_model.bin.index.json";
/** Pickled weights, which the converter reads only without `model*.safetensors`. */
export const pickleName = /^pytorch_model[\w.-]*\.bin$/;

/** The largest published index, of a model with a trillion parameters, has 14 MB and 150 000 tensors. */
export const maxIndexBytes = 24 * 2 ** 20;
const limits = { depth: 16, containers: 1000, colons: 200_000, commas: 200_000, strings: 400_000 };
const maxShards = 10_000;

/** Returns the index that the converter reads, if the folder with these names contains it. */
export function findIndex(names: ReadonlySet<string>, allowUnsafe: boolean): string | undefined {
  if (names.has(indexFileName)) return indexFileName;
  const isPickled = allowUnsafe && ![...names].some((name) => /^model.*\.safetensors$/.test(name));
  return isPickled && names.has(pickleIndexName) ? pickleIndexName : undefined;
}

/**
 * Reads the shard of each tensor. Every shard must be a plain file name in `present`, the names in the folder, because
 * the converter opens any path in the index, including `../`. Throws QS-FETCH-INDEX.
 */
export async function readWeightIndex(path: string, present: ReadonlySet<string>): Promise<Map<string, string>> {
  try {
    return parseWeightIndex(path, await readRegular(path, maxIndexBytes), present);
  } catch (error) {
    if (error instanceof RangeError) throw badIndex(path, error.message);
    throw error;
  }
}

/** Parses an index; `path` is for errors. Throws QS-FETCH-INDEX. */
export function parseWeightIndex(path: string, bytes: Buffer, present: ReadonlySet<string>): Map<string, string> {
  let index: unknown;
  try {
    index = JSON.parse(decodeJson(bytes, limits));
  } catch (error) {
    if (error instanceof SyntaxError) throw badIndex(path, "it is not valid JSON");
    if (error instanceof RangeError) throw badIndex(path, error.message);
    if (error instanceof TypeError) throw badIndex(path, "it is not valid UTF-8");
    throw error;
  }
  const weightMap = isObject(index) ? index.weight_map : undefined;
  if (!isObject(weightMap)) throw badIndex(path, "it has no weight_map");
  const shardName = path.endsWith(pickleIndexName) ? pickleName : /^[\w.-]+\.safetensors$/;
  const shardOf = new Map<string, string>();
  for (const tensor in weightMap) {
    const shard = weightMap[tensor];
    if (typeof shard !== "string" || !shardName.test(shard)) {
      throw badIndex(path, `it assigns ${quote(tensor)} to ${quote(String(shard))}, which is not a weight file's name`);
    }
    shardOf.set(tensor, shard);
  }
  if (shardOf.size === 0) throw badIndex(path, "its weight_map is empty");
  const shards = new Set(shardOf.values());
  if (shards.size > maxShards) throw badIndex(path, `it lists ${shards.size} shards, more than ${maxShards}`);
  requireOneSet(path, shards, present);
  const missing = [...shards].find((shard) => !present.has(shard));
  if (missing !== undefined) throw badIndex(path, `it lists ${quote(missing)}, which is missing`);
  return shardOf;
}

/** Of two sets of weights, the converter reads the shards, and transformers the whole file. */
function requireOneSet(path: string, shards: ReadonlySet<string>, present: ReadonlySet<string>): void {
  const whole = basename(path, ".index.json");
  if (!present.has(whole) || shards.has(whole)) return;
  throw badIndex(
    path,
    `it does not list ${whole}, so that there are two sets of weights`,
    `Add ${basename(path)} to \`model.exclude\` to use ${whole}, as transformers does, or ${whole} to use the shards.`,
  );
}

/** Verifies that each shard contains exactly the tensors that the index assigns to it. Throws QS-FETCH-INDEX. */
export class ShardCheck {
  readonly #path: string;
  readonly #shardOf: ReadonlyMap<string, string>;
  readonly #missing: Set<string>;

  constructor(path: string, shardOf: ReadonlyMap<string, string>) {
    this.#path = path;
    this.#shardOf = shardOf;
    this.#missing = new Set(shardOf.keys());
  }

  /** Verifies the tensors of one shard. */
  add(shard: string, tensors: readonly { name: string }[]): void {
    for (const { name } of tensors) {
      const listed = this.#shardOf.get(name);
      if (listed === undefined)
        throw badIndex(this.#path, `${shard} contains ${quote(name)}, which the index does not list`);
      if (listed !== shard)
        throw badIndex(this.#path, `${shard} contains ${quote(name)}, which the index assigns to ${listed}`);
      this.#missing.delete(name);
    }
  }

  /** Verifies that no tensor is missing after the last shard. */
  finish(): void {
    const [name] = this.#missing;
    if (name === undefined) return;
    throw badIndex(this.#path, `it assigns ${quote(name)} to ${this.#shardOf.get(name)}, which does not contain it`);
  }
}

/** Returns QS-FETCH-INDEX for an index that does not match the weights. */
export function badIndex(path: string, why: string, remedy?: string): QuantsmithError {
  return new QuantsmithError("QS-FETCH-INDEX", `${basename(path)} does not match the weights: ${why}`, {
    remedy: remedy ?? "Download the index and all shards again from one commit of the model's repository.",
    at: { file: path },
  });
}
