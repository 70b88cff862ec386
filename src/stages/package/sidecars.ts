import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { emptyCard } from "../../checkpoint/base-card.js";
import { overrideCard } from "../../checkpoint/override-card.js";
import type { SnapshotFile, SnapshotReport } from "../../checkpoint/snapshot-report.js";
import { hubUrl } from "../../hub/hub-url.js";
import { bomFile, renderBom } from "../../release/bom.js";
import { provenanceFile, renderProvenance } from "../../release/provenance.js";
import type { InputFile, ReleaseFacts } from "../../release/release-facts.js";
import type { RunReport } from "../../release/release-report.js";
import { stableReleaseDigest } from "../../release/stable-release-digest.js";
import { weightFiles } from "../../release/variant-files.js";
import { listFiles } from "../../util/files.js";
import { sha256, sha256File } from "../../util/sha256.js";
import type { StageContext } from "../stage.js";
import { readReport } from "../step-files.js";
import type { PackageParams } from "./package-params.js";

/** Files without an entry in the lists: the lists, and `release.json`, whose times differ between runs. */
const filesWithoutEntry = ["SHA256SUMS", "release.json", provenanceFile];

/**
 * Writes the files that describe the other files of a release, which must exist: the bill of materials, the provenance,
 * and SHA256SUMS in the format of sha256sum, which includes both.
 */
export async function writeSidecars(report: RunReport, params: PackageParams, context: StageContext): Promise<void> {
  const known = new Map(weightFiles(report).map(({ file, sha256 }) => [file, sha256]));
  const files: { path: string; sha256: string }[] = [];
  for (const path of await listFiles(context.out)) {
    if (filesWithoutEntry.includes(path)) continue;
    files.push({ path, sha256: known.get(path) ?? (await sha256File(join(context.out, path))) });
  }
  const put = async (path: string, text: string) => {
    await writeFile(join(context.out, path), text);
    files.push({ path, sha256: sha256(text) });
  };
  const facts = await releaseFacts(report, params, context);
  await put(bomFile, renderBom({ ...facts, files: [...files] }));
  await put(provenanceFile, renderProvenance({ ...facts, files: [...files] }, stableReleaseDigest(report)));
  const lines = files.sort((a, b) => (a.path < b.path ? -1 : 1)).map(({ path, sha256 }) => `${sha256}  ${path}\n`);
  await writeFile(join(context.out, "SHA256SUMS"), lines.join(""));
}

async function releaseFacts(
  report: RunReport,
  params: PackageParams,
  context: StageContext,
): Promise<Omit<ReleaseFacts, "files">> {
  const snapshot = await readReport<SnapshotReport>(context.input("snapshot"));
  return {
    report,
    baseModel: params.baseModel,
    card: overrideCard(snapshot?.card ?? emptyCard, params.metadata),
    modelFiles: snapshot?.files.map((file) => modelFile(file, snapshot.commit, params.baseModel)) ?? [],
    texts: params.textFiles,
    toolFiles: params.toolFiles,
    commands: publishedCommands(report, context),
    lock: params.lock,
  };
}

function modelFile({ path, digest }: SnapshotFile, commit: string | null, repo: string | null): InputFile {
  const [algorithm, value = ""] = digest.split(":");
  return {
    name: path,
    ...(repo === null || commit === null ? {} : { uri: encodeURI(hubUrl(repo, `/resolve/${commit}/${path}`)) }),
    digest: algorithm === "sha256" ? { sha256: value } : { gitBlob: value },
  };
}

const writingStages: readonly string[] = ["convert", "calibrate", "quantize"];

/** Returns the commands that wrote published files, without sampling and measuring, which another run may have done. */
function publishedCommands({ variants }: RunReport, context: StageContext): ReleaseFacts["commands"] {
  const left = new Set(variants.map(({ name }) => `quantize:${name}`));
  return context
    .steps()
    .filter(
      ({ id, stage }) =>
        writingStages.includes(stage) && (id === stage || id.startsWith("convert:mmproj:") || left.has(id)),
    )
    .flatMap(({ id, commands = [] }) => commands.map((argv) => ({ step: id, argv: withoutThreads(argv) })));
}

/** Replaces thread counts, which differ between machines without effect; llama-quantize's is the last argument. */
function withoutThreads(argv: readonly string[]): string[] {
  const last = argv[0] === "llama-quantize" ? argv.length - 1 : -1;
  return argv.map((part, index) => (argv[index - 1] === "-t" || index === last ? "<threads>" : part));
}
