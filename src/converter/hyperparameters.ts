import type { Json, JsonObject } from "../util/canonical-json.js";
import { badConfig, formatValue } from "./native-errors.js";

const uint32Max = 2 ** 32 - 1;

/**
 * A configuration merged with the defaults of its model type. Of several names for one value, the first present counts
 * even if it is null, as in llama.cpp's converter. Values of a wrong type or implausible size throw QS-CONVERT-CONFIG.
 */
export class Hyperparameters {
  readonly values: JsonObject;

  constructor(values: JsonObject) {
    this.values = values;
  }

  /** Returns the value of the first name that is present; undefined for null and when no name is present. */
  firstPresent(...names: string[]): { name: string; value: Exclude<Json, null> } | undefined {
    const name = names.find((candidate) => this.values[candidate] !== undefined);
    const value = name === undefined ? undefined : this.values[name];
    return name === undefined || value === undefined || value === null ? undefined : { name, value };
  }

  /** Returns an integer from 0 to `max`, by default the maximum of uint32; undefined when it is missing. */
  integer(names: readonly string[], max = uint32Max): number | undefined {
    const found = this.firstPresent(...names);
    return found && toInteger(found.value, found.name, max);
  }

  /** Returns a required integer of at least 1. */
  size(name: string, max?: number): number {
    const value = this.integer([name], max);
    if (value === undefined || value === 0) throw badConfig(`${name} is missing or 0`);
    return value;
  }

  /** Returns a number that is finite as a 32-bit float; undefined when it is missing. */
  number(...names: string[]): number | undefined {
    const found = this.firstPresent(...names);
    return found && toFloat(found.value, found.name);
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }
}

/** Throws QS-CONVERT-CONFIG unless the value is an integer from 0 to `max`. */
export function toInteger(value: Json, name: string, max = uint32Max): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw badConfig(`${name} is ${formatValue(value)}, not an integer from 0 to ${max}`);
}

/** Throws QS-CONVERT-CONFIG unless the value is a number that is finite as a 32-bit float. */
export function toFloat(value: Json, name: string, file?: string): number {
  if (typeof value === "number" && Number.isFinite(Math.fround(value))) return value;
  // A file's NaN is read as Infinity, too.
  const found =
    typeof value === "number" && !Number.isFinite(value) ? "NaN, Infinity or too large" : formatValue(value);
  throw badConfig(`${name} is ${found}, not a 32-bit float`, file);
}
