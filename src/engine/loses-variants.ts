import { join } from "node:path";
import type { Plan } from "../plan/plan.js";
import { parseRelease } from "../release/verify/parse-release.js";
import { QuantsmithError } from "../util/errors.js";
import { isPresent, listFiles } from "../util/files.js";
import { readTextIfAny } from "../util/regular-file.js";
import type { ReleaseTarget } from "./install-release.js";

/** The variants of a recipe that a run judged, by name. */
export interface JudgedVariants {
  passed: readonly string[];
  rejected: readonly string[];
}

/**
 * Returns whether the new release lacks a variant of the recipe that the present one has, so that the present one must be
 * kept. Throws QS-RELEASE-VARIANTS unless that variant was rejected: its step failed, or it was not selected (`--variant`)
 * and is no longer in the store. `replace` allows that, too. Errors: system errors of a report that cannot be read now.
 */
export async function losesVariants(
  plan: Plan,
  { passed, rejected }: JudgedVariants,
  { workspace, name, replace }: Pick<ReleaseTarget, "workspace" | "name" | "replace">,
): Promise<boolean> {
  const wanted = new Set(plan.report.params.variants.map((one) => one.name));
  const folder = join(workspace.releases, name);
  const present = parseRelease(await readTextIfAny(join(folder, "release.json")));
  // The report is missing, damaged or of another version: any file can be a variant that the new release lacks.
  if (typeof present === "string") return [...wanted].some((one) => !passed.includes(one)) && (await hasModels(folder));
  const lost = present.variants.map((one) => one.name).filter((one) => wanted.has(one) && !passed.includes(one));
  const unjudged = lost.filter((one) => !rejected.includes(one));
  if (unjudged.length === 0 || replace) return lost.length > 0;
  throw new QuantsmithError(
    "QS-RELEASE-VARIANTS",
    `the new release would lack ${unjudged.join(", ")}, so the present one in ${folder} stays`,
    {
      remedy:
        "Repair what failed and run again without `--variant`, or use `--replace` to rename the present release. The new variants are in the store.",
    },
  );
}

async function hasModels(folder: string): Promise<boolean> {
  return (await isPresent(folder)) && (await listFiles(folder)).some((path) => /\.gguf$/i.test(path));
}
