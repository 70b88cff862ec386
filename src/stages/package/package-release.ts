import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { readGguf } from "../../gguf/read-header.js";
import { releaseAssets } from "../../report/assets.js";
import { renderCard } from "../../report/card.js";
import { renderPage } from "../../report/html/page.js";
import type { PageFacts } from "../../report/html/page-facts.js";
import type { RunReport } from "../../report/run-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { linkOrCopy, listFiles } from "../../util/files.js";
import { sha256File } from "../../util/sha256.js";
import { type Operation, requiredInput } from "../stage.js";
import { collectPage } from "./collect-page.js";
import { collectReport } from "./collect-report.js";
import { type PackageParams, variantInput } from "./package-params.js";
import { requireNames } from "./require-names.js";

/**
 * Builds the release folder from the variants that passed; files are hard-linked, not copied.
 * Errors: QS-PACKAGE-NOTHING when no variant passed, QS-PACKAGE-NAMES.
 */
export const packageRelease: Operation<PackageParams> = {
  stage: "package",
  version: 2,
  resource: "io",
  tools: [],
  async run(params, context) {
    const report = await collectReport(params, context);
    const passed = report.variants.filter((variant) => variant.gate === "passed");
    if (passed.length === 0) {
      throw new QuantsmithError("QS-PACKAGE-NOTHING", "no variant passed, so there is nothing to release", {
        remedy: "See the reasons of each variant above; correct the gates, the smoke prompts or the variants.",
      });
    }
    const release: RunReport = { ...report, release: params.release, variants: passed };
    const imatrix = context.input("imatrix");
    if (imatrix !== undefined) await linkOrCopy(imatrix, join(context.out, params.imatrixFile));
    for (const variant of passed) {
      await linkOrCopy(requiredInput(context, variantInput("model", variant.name)), join(context.out, variant.file));
      const rules = context.input(variantInput("rules", variant.name));
      if (rules !== undefined) await linkOrCopy(rules, join(context.out, `${variant.name}.tensor-types.txt`));
    }
    await requireNames(context.out, passed);
    const page = await collectPage(report, params, context);
    await writeAssets(context.out, assetsOf(page, release));
    await writeFile(join(context.out, "report.html"), renderPage(page));
    await writeFile(join(context.out, "README.md"), await card(params, release, page, context.out));
    await writeFile(join(context.out, "recipe.lock.yaml"), stringify(params.lock, { aliasDuplicateObjects: false }));
    await writeFile(join(context.out, "release.json"), `${JSON.stringify(release, null, 2)}\n`);
    await writeFile(join(context.out, "SHA256SUMS"), await checksums(context.out, release));
    return {};
  },
};

async function writeAssets(folder: string, assets: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, content] of assets) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

async function card(params: PackageParams, report: RunReport, page: PageFacts, folder: string): Promise<string> {
  const first = report.variants[0];
  const model = first === undefined ? undefined : await readGguf(join(folder, first.file));
  const { license, unsafe, texts } = page;
  return renderCard({
    report,
    baseModel: params.baseModel,
    license,
    unsafe,
    conversational: model?.metadata.has("tokenizer.chat_template") === true,
    imatrixFile: texts.calibration === null ? null : params.imatrixFile,
    calibration: texts.calibration,
    evaluation: texts.evaluation,
    assets: new Set(assetsOf(page, report).keys()),
  });
}

function assetsOf({ charts }: PageFacts, { variants }: RunReport): Map<string, string> {
  return releaseAssets(
    charts,
    variants.map(({ name }) => name),
  );
}

/**
 * One line per file in the format of sha256sum. Left out are SHA256SUMS itself and release.json, which tells how long
 * each step took and so differs between two runs that made the same files.
 */
async function checksums(folder: string, release: RunReport): Promise<string> {
  const known = new Map(release.variants.map((variant) => [variant.file, variant.sha256]));
  const lines: string[] = [];
  for (const file of await listFiles(folder)) {
    if (file === "release.json") continue;
    lines.push(`${known.get(file) ?? (await sha256File(join(folder, file)))}  ${file}\n`);
  }
  return lines.join("");
}
