import * as z from "zod";
import { type GgmlType, ggmlTypeByName } from "../../quant/ggml-types.js";
import { QuantsmithError } from "../../util/errors.js";
import { quote } from "../../util/quote.js";
import { readRegular } from "../../util/regular-file.js";

/** The type of each tensor, by name, from the solver to the writer. */
export type TensorTypes = ReadonlyMap<string, GgmlType>;

const ggmlType = z.string().transform((name, context): GgmlType => {
  const type = ggmlTypeByName(name);
  if (type !== undefined) return type;
  context.addIssue({ code: "custom", message: `${quote(name)} is not a ggml type` });
  return z.NEVER;
});
const tensorTypes = z.record(z.string(), ggmlType).transform((types): TensorTypes => new Map(Object.entries(types)));
const allocation = z.object({ types: tensorTypes });
const errors = z.object({ preset: z.object({ types: tensorTypes }) });

/** Returns the map as stored in the JSON reports of the allocate stage, in the same order. */
export function typeNames(types: TensorTypes): Record<string, string> {
  return Object.fromEntries([...types].map(([name, type]) => [name, type.name]));
}

/** Reads the types in `allocation.json`. Throws QS-INPUT-CHANGED if it contains none. */
export async function readAllocatedTypes(path: string): Promise<TensorTypes> {
  return (await readChecked(path, allocation)).types;
}

/** Reads the types of the preset in `errors.json`. Throws QS-INPUT-CHANGED if it contains none. */
export async function readPresetTypes(path: string): Promise<TensorTypes> {
  return (await readChecked(path, errors)).preset.types;
}

/** Parses a report of the store; an invalid one was changed after its stage wrote it. */
async function readChecked<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const { data, error } = schema.safeParse(parseJson(String(await readRegular(path))));
  if (data !== undefined) return data;
  throw new QuantsmithError("QS-INPUT-CHANGED", `${path} does not contain a tensor type map`, {
    remedy: "Run again with `--verify`.",
    cause: error,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
