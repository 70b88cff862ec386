import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { SnapshotReport } from "../../checkpoint/snapshot-report.js";
import { lockFileName } from "../../release/provenance.js";
import type { RunReport } from "../../release/release-report.js";
import { tensorsFile } from "../../release/variant-files.js";
import { releaseAssets } from "../../report/assets.js";
import { renderCard } from "../../report/card.js";
import { renderPage } from "../../report/html/page.js";
import type { PageFacts } from "../../report/html/page-facts.js";
import { renderTensors } from "../../report/tensor-facts.js";
import { renderChecked } from "../../util/checked-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { linkOrCopy } from "../../util/files.js";
import { renderYaml } from "../../util/printable-yaml.js";
import { type Operation, requiredInput } from "../stage.js";
import { projectorInput, readReport, writeReport } from "../step-files.js";
import { collectHardware } from "./collect-hardware.js";
import { collectPage } from "./collect-page.js";
import { collectReport } from "./collect-report.js";
import { defaultWarnings } from "./default-variant.js";
import { distinctVariants } from "./distinct-variants.js";
import type { PackageParams } from "./package-params.js";
import { placeVariants } from "./place-variants.js";
import { requireNames } from "./require-names.js";
import { type RuntimeFacts, writeRuntimeFiles } from "./runtime-files.js";
import { writeSidecars } from "./sidecars.js";

/**
 * Builds the release folder from the variants that passed, with hard links.
 * Errors: QS-PACKAGE-NOTHING if no variant passed, QS-PACKAGE-NAMES.
 */
export const packageRelease: Operation<PackageParams> = {
  stage: "package",
  version: 20,
  resource: "io",
  tools: ["llama.cpp"],
  async run(params, context) {
    const { report } = await collectReport(params, context);
    const passed = report.variants.filter((variant) => variant.gate === "passed");
    if (passed.length === 0) {
      throw new QuantsmithError("QS-PACKAGE-NOTHING", "no variant passed, so there is nothing to release", {
        remedy: "Correct the gates, the smoke prompts or the variants; the reasons are printed above.",
      });
    }
    const { kept, warnings: repeated } = await distinctVariants(passed, context);
    for (const warning of [...repeated, ...defaultWarnings(kept)]) context.warn(warning);
    const variants = await placeVariants(kept, params, context);
    const warnings = ofVariants(report, variants);
    const unreleased = report.variants.filter(({ name }) => variants.every((variant) => variant.name !== name));
    const release: RunReport = {
      ...{ ...report, release: params.release, variants, warnings },
      ...(unreleased.length === 0 ? {} : { unreleased }),
    };
    const imatrix = context.input("imatrix");
    if (imatrix !== undefined) await linkOrCopy(imatrix, join(context.out, params.imatrixFile));
    for (const { type, file } of params.projectors) {
      await linkOrCopy(requiredInput(context, projectorInput(type)), join(context.out, file));
    }
    if (report.mtp !== undefined) {
      await linkOrCopy(requiredInput(context, "mtp"), join(context.out, report.mtp.file));
    }
    await requireNames(context.out, kept);
    const hardware = await collectHardware(kept, params, context);
    await writeReport(context, "hardware-compatibility.json", hardware);
    const page = { ...(await collectPage(report, params, context)), hardware };
    await writeAssets(context.out, assetsOf(page, release));
    await writeFile(join(context.out, tensorsFile), renderTensors(page.tensors));
    await writeFile(join(context.out, "report.html"), renderPage(page));
    const runtimes = await writeRuntimeFiles(release, params, context);
    const { baseModel = params.baseModel } = (await readReport<SnapshotReport>(context.input("snapshot"))) ?? {};
    await writeFile(join(context.out, "README.md"), card({ ...params, baseModel }, release, page, runtimes));
    await writeFile(join(context.out, lockFileName), renderYaml(params.lock));
    await writeFile(join(context.out, "release.json"), renderChecked(release));
    await writeSidecars(release, params, context);
    return {};
  },
};

/** Returns the warnings that concern all variants, or one of those released. */
function ofVariants({ warnings = [] }: RunReport, released: RunReport["variants"]) {
  return warnings.filter(({ variant }) => variant === undefined || released.some(({ name }) => name === variant));
}

async function writeAssets(folder: string, assets: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, content] of assets) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

function card(params: PackageParams, report: RunReport, page: PageFacts, runtimes: RuntimeFacts): string {
  const { unsafe, texts, card: base, hardware } = page;
  const datasets = params.textFiles.flatMap(({ use, dataset }) => (use === "calibration" && dataset ? [dataset] : []));
  return renderCard({
    report,
    baseModel: params.baseModel,
    card: base,
    quantizedBy: params.metadata.quantizedBy ?? null,
    tags: params.metadata.tags ?? [],
    unsafe,
    hardware,
    repo: params.publishRepo,
    ...runtimes,
    imatrixFile: texts.calibration === null ? null : params.imatrixFile,
    calibrationDatasets: texts.calibration === null ? [] : datasets,
    evaluation: texts.evaluation,
    assets: new Set(assetsOf(page, report).keys()),
    layout: params.card,
  });
}

function assetsOf({ charts }: PageFacts, { variants }: RunReport): Map<string, string> {
  return releaseAssets(
    charts,
    variants.map(({ name }) => name),
  );
}
