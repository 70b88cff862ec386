import { readFile } from "node:fs/promises";
import * as z from "zod";
import { type GgmlType, ggmlTypeByName } from "../../quant/ggml-types.js";
import { QuantsmithError } from "../../util/errors.js";

/** The type of each tensor, by name: what the solver chooses and the writer writes. */
export type TensorTypes = ReadonlyMap<string, GgmlType>;

const ggmlType = z.string().transform((name, context): GgmlType => {
  const type = ggmlTypeByName(name);
  if (type !== undefined) return type;
  context.addIssue({ code: "custom", message: `ggml has no type ${name}` });
  return z.NEVER;
});
const tensorTypes = z.record(z.string(), ggmlType).transform((types): TensorTypes => new Map(Object.entries(types)));
const allocation = z.object({ types: tensorTypes });
const errors = z.object({ preset: z.object({ types: tensorTypes }) });

/** The map as the JSON reports of the allocate stage store it, in the same order. */
export function typeNames(types: TensorTypes): Record<string, string> {
  return Object.fromEntries([...types].map(([name, type]) => [name, type.name]));
}

/** Reads the types that `allocation.json` contains. Throws QS-INPUT-CHANGED if it contains none. */
export async function readAllocatedTypes(path: string): Promise<TensorTypes> {
  return (await readChecked(path, allocation)).types;
}

/** Reads the types of the preset that `errors.json` was planned for. Throws QS-INPUT-CHANGED if it contains none. */
export async function readPresetTypes(path: string): Promise<TensorTypes> {
  return (await readChecked(path, errors)).preset.types;
}

/** The store contains only what a stage wrote, so anything else was put there since. */
async function readChecked<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const { data, error } = schema.safeParse(parseJson(await readFile(path, "utf8")));
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
