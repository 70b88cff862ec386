import * as z from "zod";
import type { Json } from "../../util/canonical-json.js";
import { parseForeignYaml } from "../../util/yaml/parse-foreign-yaml.js";
import { type GateLimit, type Gates, gateLimits, type SmokeFigure, smokeLimits } from "../gates.js";
import type { TaskLimit } from "../task-score.js";

const limitShape = z.union([z.number(), z.object({ of: z.string(), ratio: z.number() })]);

const lockShape = z.object({
  recipe: z.string().optional(),
  model: z
    .object({ name: z.string().optional(), source: z.string().optional(), commit: z.string().nullable().optional() })
    .optional(),
  variants: z.array(z.object({ name: z.string() })).optional(),
  gates: z.record(z.string(), z.record(z.string(), limitShape)).optional(),
  smoke: z.array(z.unknown()).optional(),
  tasks: z.array(z.object({ name: z.string(), maxDrop: z.number().optional() })).optional(),
});

/** What verification reads of `recipe.lock.yaml`. */
export interface LockRules {
  /** Undefined if the lock file has no `variants`. */
  variants: ReadonlySet<string> | undefined;
  limits: readonly GateLimit[];
  /** Of the smoke test. */
  smoke: readonly GateLimit<SmokeFigure>[];
  tasks: readonly TaskLimit[];
  /** Whether the variants answered smoke prompts. */
  isSmokeTested: boolean;
}

export interface ReleaseLock {
  rules: LockRules;
  recipe?: string | undefined;
  model?: z.infer<typeof lockShape>["model"];
  /** The whole file. */
  data: Json;
}

export const noRules: LockRules = { variants: undefined, limits: [], smoke: [], tasks: [], isSmokeTested: false };

/**
 * Reads the lock file of a release; undefined for another file. A recipe without smoke prompts may have a pipeline's limits
 * on vectors, which then do not apply.
 */
export function readLock(text: string): ReleaseLock | undefined {
  const found = parseForeignYaml(text);
  const parsed = lockShape.safeParse(found);
  if (!parsed.success) return undefined;
  const { recipe, model, variants, gates = {}, smoke, tasks = [] } = parsed.data;
  const names = variants === undefined ? undefined : new Set(variants.map(({ name }) => name));
  const isTested = smoke === undefined || smoke.length > 0;
  const vectors = isTested ? smokeLimits(gates as Gates) : [];
  const rules = {
    variants: names,
    limits: gateLimits(gates as Gates),
    smoke: vectors,
    tasks,
    isSmokeTested: (smoke ?? []).length > 0,
  };
  // YAML has numbers that JSON lacks.
  return { rules, recipe, model, data: JSON.parse(JSON.stringify(found)) as Json };
}
