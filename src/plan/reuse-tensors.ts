import type { Settings } from "../recipe/settings.js";
import type { VariantReport } from "../release/release-report.js";
import { tensorsFile, variantFiles } from "../release/variant-files.js";
import { fetchRelease } from "../stages/fetch/fetch-release.js";
import { type PackageParams, variantInput } from "../stages/package/package-params.js";
import { packageRelease } from "../stages/package/package-release.js";
import { reusedReport, reusedTensors, rulesFile } from "../stages/package/reused-figures.js";
import { releasedInput, renewHeader } from "../stages/quantize/renew-header.js";
import { canonicalJson, type JsonObject } from "../util/canonical-json.js";
import { isJsonObject, jsonDifferences } from "../util/json-differences.js";
import { outputOf, step } from "./make-step.js";
import { dependencies, type Plan, type Step, type StepInput } from "./plan.js";
import { predictBytes } from "./predict-bytes.js";
import type { ReleasedTensors } from "./released-tensors.js";

const fetchId = "fetch:release";

/** Members of the lock file that do not decide the tensors of a release, or that a new header is about. */
const free =
  /^(recipe|toolchain|compute|metadata|card|publish|privateDatasets|model\.(commit|files|private|gated))(\.|$)/;

/**
 * Returns why a plan cannot take over the tensors of a release; undefined if it can. `sourceCommit` is the source of the
 * release that was compared: another one may be at the target since.
 */
export function reuseObstacle(plan: Plan, { lock, files }: ReleasedTensors, sourceCommit: string): string | undefined {
  if (!isJsonObject(lock.model) || lock.model.commit !== sourceCommit) return "another release is at its target since";
  const now = JSON.parse(canonicalJson(plan.report.params.lock)) as JsonObject;
  const changed = jsonDifferences(lock, now).find(({ path }) => !free.test(path));
  if (changed !== undefined) return `\`${changed.path}\` differs from the release's recipe.lock.yaml`;
  return files.some(({ path }) => path === tensorsFile) ? undefined : `the release has no ${tensorsFile}`;
}

/**
 * Returns the plan of a release with the tensors and figures of a former one: it converts the source, whose metadata it
 * takes, and repeats smoke tests and packaging, but neither calibrates, quantizes nor measures.
 */
export function reuseTensors(plan: Plan, settings: Settings, released: ReleasedTensors): Plan {
  const renewed = new Map(released.report.variants.map((variant) => [`quantize:${variant.name}`, variant]));
  const params = reusingParams(plan.report.params, settings, released);
  const repeats = ({ id, stage }: Step) => renewed.has(id) || repeatedStages.includes(stage);
  const repeated = new Set(plan.steps.filter(repeats).map(({ id }) => id));
  const inputs = {
    ...Object.fromEntries(Object.entries(plan.report.inputs).filter(([, input]) => isFrom(input, repeated))),
    ...releasedInputs(params, released),
  };
  const steps = plan.steps.map((old): Step => {
    const variant = renewed.get(old.id);
    if (variant !== undefined) return renewStep(old.id, variant);
    if (old.stage === "smoke") return { ...old, inputs: without(old.inputs, "structure") };
    return old.id === "package" ? step("package", packageRelease, params, inputs, predictBytes.report()) : old;
  });
  const all = [fetchReleaseStep(released, params, settings), ...steps];
  const needed = neededBy("package", all);
  const note = `tensors and figures are those of the release ${released.release}; headers, smoke tests and the other files are new`;
  return {
    ...plan,
    steps: all.filter(({ id }) => needed.has(id)),
    notes: [...plan.notes, note],
    report: { params, inputs },
  };
}

/** The package stage has the memory of variants, too. */
const repeatedStages: readonly string[] = ["fetch", "convert", "smoke", "package"];

function reusingParams(
  params: PackageParams,
  settings: Settings,
  { release, checksums, report, lock }: ReleasedTensors,
): PackageParams {
  const isReleased = ({ name }: { name: string }) => report.variants.some((variant) => variant.name === name);
  const { compute: _present, ...present } = params.lock;
  const { compute, toolchain } = lock;
  const budgetsOfPresets = settings.variants.flatMap((variant) =>
    variant.kind === "dynamic" && variant.dynamic.budget.kind === "sizeOf" ? [variant.name] : [],
  );
  return {
    ...params,
    variants: params.variants.filter(isReleased),
    measured: false,
    tasks: [],
    // Tools and backend of the tensors.
    lock: { ...present, ...(compute && { compute }), ...(toolchain && { toolchain }) },
    tensorsFrom: { release, checksums, budgetsOfPresets },
  };
}

/** The files that the new release takes over as they are. */
function releasedInputs({ imatrixFile }: PackageParams, { report, files }: ReleasedTensors): Record<string, StepInput> {
  const named: [string, string][] = [
    [reusedReport, "release.json"],
    [reusedTensors, tensorsFile],
    ["imatrix", imatrixFile],
    ...report.variants.map(({ name }): [string, string] => [variantInput("rules", name), rulesFile(name)]),
  ];
  const present = named.filter(([, path]) => files.some((file) => file.path === path));
  return Object.fromEntries(present.map(([name, path]) => [name, fromRelease(path)]));
}

function fetchReleaseStep(released: ReleasedTensors, params: PackageParams, { concurrency }: Settings): Step {
  const { place, report, files, release, checksums } = released;
  const inputs = releasedInputs(params, released);
  const copied = new Set(Object.values(inputs).flatMap((input) => (input.kind === "step" ? [input.file] : [])));
  const models = new Set(report.variants.flatMap(variantFiles).map(({ file }) => file));
  const others = files.filter(({ path }) => copied.has(`release/${path}`));
  const fetched = { release, models: files.filter(({ path }) => models.has(path)), others };
  const bytes = others.reduce((sum, file) => sum + file.bytes, predictBytes.report());
  if (place.kind === "hub") {
    return step(fetchId, fetchRelease({ ...place, downloads: concurrency.downloads }), fetched, {}, bytes);
  }
  const folder: StepInput = { kind: "outside", path: place.path, digest: checksums };
  return step(fetchId, fetchRelease(undefined), fetched, { folder }, bytes);
}

function renewStep(id: string, variant: VariantReport): Step {
  const files = variantFiles(variant);
  const inputs = {
    base: outputOf("convert", "model.gguf"),
    ...Object.fromEntries(files.map(({ file }, index) => [releasedInput(index), fromRelease(file)])),
  };
  const params = { files: files.length, rounding: (variant.rounding ?? null) as JsonObject | null };
  return step(id, renewHeader, params, inputs, variant.bytes + predictBytes.report(), variant.name);
}

const fromRelease = (path: string) => outputOf(fetchId, `release/${path}`);

function isFrom(input: StepInput, steps: ReadonlySet<string>): boolean {
  return input.kind === "step" && steps.has(input.step);
}

function without(inputs: Step["inputs"], name: string): Step["inputs"] {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== name));
}

/** Returns the ids of the steps that a step reads from, directly or not, and its own. */
function neededBy(id: string, steps: readonly Step[]): Set<string> {
  const needed = new Set([id]);
  // Each step is after its inputs.
  for (const each of steps.toReversed()) {
    if (needed.has(each.id)) for (const input of dependencies(each)) needed.add(input.id);
  }
  return needed;
}
