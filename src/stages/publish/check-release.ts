import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseChecksums } from "../../report/checksums.js";
import type { RunReport } from "../../report/run-report.js";
import { variantFiles } from "../../report/variant-files.js";
import { QuantsmithError } from "../../util/errors.js";
import { listFiles } from "../../util/files.js";
import { sha256File } from "../../util/sha256.js";

/**
 * Checks a release folder before it is published: every file is as SHA256SUMS says, every model file belongs to a
 * variant that passed. Returns its `release.json`. Errors: QS-PUBLISH-RELEASE.
 */
export async function checkRelease(folder: string): Promise<RunReport> {
  const report = await readReport(folder);
  const listed = await readChecksums(folder);
  const present = await listFiles(folder);
  if (report.variants.length === 0) fail(folder, "it has no variants");
  const models = new Map(
    report.variants.flatMap((variant) => variantFiles(variant).map(({ file }) => [file, variant] as const)),
  );
  for (const file of present.filter((name) => name.endsWith(".gguf"))) {
    const variant = models.get(file);
    const isModel = !file.includes("imatrix") && !file.startsWith("mmproj");
    if (isModel && variant?.gate !== "passed") fail(folder, `${file} is not a variant that passed`);
  }
  for (const { file, sha256 } of report.variants.flatMap(variantFiles)) {
    if (listed.get(file) !== sha256) fail(folder, `SHA256SUMS and release.json differ on ${file}`);
  }
  for (const file of present) {
    if (file === "SHA256SUMS" || file === "release.json" || listed.has(file)) continue;
    fail(folder, `${file} is not listed in SHA256SUMS`);
  }
  for (const [file, sha256] of listed) {
    if (!present.includes(file)) fail(folder, `${file} is missing`);
    if ((await sha256File(join(folder, file))) !== sha256) fail(folder, `${file} was changed after packaging`);
  }
  return report;
}

async function readReport(folder: string): Promise<RunReport> {
  try {
    const report = JSON.parse(await readFile(join(folder, "release.json"), "utf8")) as RunReport;
    const { variants } = report;
    const whole = variants.every(({ file, sha256, gate }) =>
      [file, sha256, gate].every((part) => typeof part === "string"),
    );
    if (whole) return report;
  } catch {
    // Told below.
  }
  fail(folder, "it has no readable release.json");
}

/** What SHA256SUMS lists, file to sha256. Errors: QS-PUBLISH-RELEASE when there is none. */
export async function readChecksums(folder: string): Promise<Map<string, string>> {
  const text = await readFile(join(folder, "SHA256SUMS"), "utf8").catch(() => "");
  const { files: listed } = parseChecksums(text);
  if (listed.size === 0) fail(folder, "it has no SHA256SUMS");
  return listed;
}

function fail(folder: string, reason: string): never {
  throw new QuantsmithError("QS-PUBLISH-RELEASE", `${folder} cannot be published: ${reason}`, {
    remedy: "Make the release again with `quantsmith run`; it replaces the folder as a whole.",
    at: { file: folder },
  });
}
