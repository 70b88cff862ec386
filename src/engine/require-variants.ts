import { join } from "node:path";
import type { Plan } from "../plan/plan.js";
import { parseRelease } from "../release/verify/parse-release.js";
import { QuantsmithError } from "../util/errors.js";
import { readRegular } from "../util/regular-file.js";
import type { ReleaseTarget } from "./install-release.js";

/**
 * Throws QS-RELEASE-VARIANTS if a run of some variants (`--variant`) would replace a release by one that lacks others of
 * the recipe, since their steps are no longer in the store. `judged` are the variants of the new release and those that did
 * not pass.
 */
export async function requireVariants(
  plan: Plan,
  judged: ReadonlySet<string>,
  { workspace, name, replace }: Pick<ReleaseTarget, "workspace" | "name" | "replace">,
): Promise<void> {
  const reused = new Set(plan.steps.flatMap(({ mode, variant }) => (mode === "reuse" ? (variant ?? []) : [])));
  if (replace || reused.size === 0) return;
  const folder = join(workspace.releases, name);
  const present = parseRelease(await readRegular(join(folder, "release.json")).then(String, () => ""));
  if (typeof present === "string") return;
  const lost = present.variants.map((one) => one.name).filter((one) => reused.has(one) && !judged.has(one));
  if (lost.length === 0) return;
  throw new QuantsmithError(
    "QS-RELEASE-VARIANTS",
    `the new release would lack ${lost.join(", ")}, of which only the files in ${folder} are left`,
    { remedy: "Run without `--variant`, or with `--replace` to lose them. The new variants are in the store." },
  );
}
