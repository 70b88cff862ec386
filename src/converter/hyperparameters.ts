import type { Json, JsonObject } from "../util/canonical-json.js";
import { badConfig, formatValue } from "./native-errors.js";

const uint32Max = 2 ** 32 - 1;

/**
 * A configuration with the defaults of its model type in it. Where several names stand for one figure, the first that
 * is present counts, also when its value is null: the converter of llama.cpp asks in the same way.
 * What has the wrong type or an absurd size throws QS-CONVERT-CONFIG.
 */
export class Hyperparameters {
  readonly values: JsonObject;

  constructor(values: JsonObject) {
    this.values = values;
  }

  /** The value of the first of the names that is present; undefined for null and when none is. */
  find(...names: string[]): { name: string; value: Exclude<Json, null> } | undefined {
    const name = names.find((candidate) => this.values[candidate] !== undefined);
    const value = name === undefined ? undefined : this.values[name];
    return name === undefined || value === undefined || value === null ? undefined : { name, value };
  }

  /** A count, from 0 to `max`, by default what a GGUF file holds; undefined when it is not told. */
  integer(names: readonly string[], max = uint32Max): number | undefined {
    const found = this.find(...names);
    return found && toInteger(found.value, found.name, max);
  }

  /** A count that the converter cannot do without, at least 1. */
  size(name: string, max?: number): number {
    const value = this.integer([name], max);
    if (value === undefined || value === 0) throw badConfig(`${name} is missing or 0`);
    return value;
  }

  /** A number of any kind that a float of 32 bits can hold; undefined when it is not told. */
  number(...names: string[]): number | undefined {
    const found = this.find(...names);
    return found && toFloat(found.value, found.name);
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }
}

/** Throws QS-CONVERT-CONFIG unless it is a whole number from 0 to `max`. */
export function toInteger(value: Json, name: string, max = uint32Max): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw badConfig(`${name} is ${formatValue(value)}, not a whole number from 0 to ${max}`);
}

/** Throws QS-CONVERT-CONFIG unless it is a number that is finite as a float of 32 bits. */
export function toFloat(value: Json, name: string, file?: string): number {
  if (typeof value === "number" && Number.isFinite(Math.fround(value))) return value;
  throw badConfig(`${name} is ${formatValue(value)}, not a number of 32 bits`, file);
}
