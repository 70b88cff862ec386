import { join } from "node:path";
import type { Plan } from "../plan/plan.js";
import { parseRelease } from "../release/verify/parse-release.js";
import { QuantsmithError } from "../util/errors.js";
import { readRegular } from "../util/regular-file.js";
import type { ReleaseTarget } from "./install-release.js";

/**
 * Throws QS-RELEASE-VARIANTS if a run would replace a release by one that lacks other variants of the recipe: their steps
 * failed, or were not selected (`--variant`) and are no longer in the store. `judged` are the variants of the new release
 * and those that did not pass.
 */
export async function requireVariants(
  plan: Plan,
  judged: ReadonlySet<string>,
  { workspace, name, replace }: Pick<ReleaseTarget, "workspace" | "name" | "replace">,
): Promise<void> {
  if (replace) return;
  const wanted = new Set(plan.report.params.variants.map((one) => one.name));
  const folder = join(workspace.releases, name);
  const present = parseRelease(await readRegular(join(folder, "release.json")).then(String, () => ""));
  if (typeof present === "string") return;
  const lost = present.variants.map((one) => one.name).filter((one) => wanted.has(one) && !judged.has(one));
  if (lost.length === 0) return;
  throw new QuantsmithError(
    "QS-RELEASE-VARIANTS",
    `the new release would lack ${lost.join(", ")}, so the present one in ${folder} stays`,
    {
      remedy:
        "Repair what failed and run again without `--variant`, or use `--replace` to lose them. The new variants are in the store.",
    },
  );
}
