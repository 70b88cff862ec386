import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { isObject } from "./parse-python-json.js";
import { decodeJson, readBytes } from "./read-text.js";

export const indexFileName = "model.safetensors.index.json";

/** The largest published index, of a model with a trillion parameters, has 14 MB and 150 000 tensors. */
export const maxIndexBytes = 24 * 2 ** 20;
const limits = { depth: 16, containers: 1000, colons: 200_000, commas: 200_000, strings: 400_000 };
const maxShards = 10_000;

/**
 * Reads which shard holds which tensor. Every shard must be a plain file name out of `present`, the
 * names in the folder: the converter opens what stands here without asking, `../` included.
 * Throws QS-FETCH-INDEX.
 */
export async function readWeightIndex(path: string, present: ReadonlySet<string>): Promise<Map<string, string>> {
  try {
    return parseWeightIndex(path, await readBytes(path, maxIndexBytes), present);
  } catch (error) {
    if (error instanceof RangeError) throw badIndex(path, error.message);
    throw error;
  }
}

/** The same for an index that is in memory; `path` stands in messages. */
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
  const shardOf = new Map<string, string>();
  for (const tensor in weightMap) {
    const shard = weightMap[tensor];
    if (typeof shard !== "string" || !isPlainShardName(shard)) {
      throw badIndex(
        path,
        `it puts ${quote(tensor)} into ${quote(String(shard))}, which is not a safetensors file name`,
      );
    }
    if (!present.has(shard)) throw badIndex(path, `it names ${quote(shard)}, which is not there`);
    shardOf.set(tensor, shard);
  }
  if (shardOf.size === 0) throw badIndex(path, "its weight_map is empty");
  const shards = new Set(shardOf.values()).size;
  if (shards > maxShards) throw badIndex(path, `it names ${shards} shards, more than ${maxShards}`);
  return shardOf;
}

function isPlainShardName(name: string): boolean {
  return /^[\w.-]+\.safetensors$/.test(name);
}

/** Finds out whether the shards hold exactly the tensors the index says, each where it says. Throws QS-FETCH-INDEX. */
export class ShardCheck {
  readonly #path: string;
  readonly #shardOf: ReadonlyMap<string, string>;
  readonly #missing: Set<string>;

  constructor(path: string, shardOf: ReadonlyMap<string, string>) {
    this.#path = path;
    this.#shardOf = shardOf;
    this.#missing = new Set(shardOf.keys());
  }

  /** Takes one shard's tensors in. */
  add(shard: string, tensors: readonly { name: string }[]): void {
    for (const { name } of tensors) {
      const listed = this.#shardOf.get(name);
      if (listed === undefined) throw badIndex(this.#path, `${shard} holds ${quote(name)}, which it does not list`);
      if (listed !== shard) throw badIndex(this.#path, `${shard} holds ${quote(name)}, which it puts into ${listed}`);
      this.#missing.delete(name);
    }
  }

  /** All shards have been there. */
  finish(): void {
    const [name] = this.#missing;
    if (name === undefined) return;
    throw badIndex(this.#path, `it puts ${quote(name)} into ${this.#shardOf.get(name)}, which lacks it`);
  }
}

/** The index of the weight shards cannot be trusted. */
export function badIndex(path: string, why: string): QuantsmithError {
  return new QuantsmithError("QS-FETCH-INDEX", `${indexFileName} does not fit the weights: ${why}`, {
    remedy: "Download the index and all shards again from one commit of the model's repository.",
    at: { file: path },
  });
}
