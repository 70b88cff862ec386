import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "../util/canonical-json.js";
import { readRegular } from "../util/regular-file.js";
import { type BaseCard, parseBaseCard } from "./base-card.js";
import type { Snapshot } from "./check-snapshot.js";
import type { GgufSnapshot } from "./gguf/check-gguf.js";
import { ggufCard } from "./gguf/gguf-card.js";

export interface SnapshotFile extends JsonObject {
  path: string;
  bytes: number;
  /** `sha256:<hex>`, or `git-sha1:<hex>` for small files on the Hub. */
  digest: string;
}

/** Content of `snapshot.json`: a model's source, properties and file digests. */
export interface SnapshotReport {
  source: string;
  /** The commit on the Hub; null for a local folder. */
  commit: string | null;
  architecture: string;
  parameters: number;
  tensorBytes: number;
  /** Front matter of the model card; for a GGUF source completed by its metadata. */
  card: BaseCard;
  /** The repository that a GGUF source is a quantization of; absent for a checkpoint, which is itself the base. */
  baseModel?: string | null;
  /** Files that can run code when a tool opens them, present only with `allowUnsafe`. */
  unsafe: readonly string[];
  files: readonly SnapshotFile[];
}

/** Writes `snapshot.json` into a fetch step's output folder. */
export async function writeSnapshotReport(
  out: string,
  origin: Pick<SnapshotReport, "source" | "commit" | "files"> & { repo?: string },
  snapshot: Snapshot | GgufSnapshot,
): Promise<void> {
  const card = await readBaseCard(join(out, "snapshot"));
  const [header] = "headers" in snapshot ? snapshot.headers : [];
  const report: SnapshotReport = {
    source: origin.source,
    commit: origin.commit,
    architecture: snapshot.architecture,
    parameters: snapshot.parameters,
    tensorBytes: snapshot.tensorBytes,
    ...(header === undefined ? { card } : ggufCard(header, card, origin.repo ?? null)),
    unsafe: snapshot.unsafe,
    files: origin.files,
  };
  await writeFile(join(out, "snapshot.json"), `${JSON.stringify(report, null, 2)}\n`);
}

/** Returns the sha256 digests by path among the step's outputs; omits files with a git-sha1. */
export function sha256ByPath(files: readonly SnapshotFile[]): Record<string, string> {
  return Object.fromEntries(
    files.flatMap(({ path, digest }) =>
      digest.startsWith("sha256:") ? [[`snapshot/${path}`, digest.slice("sha256:".length)]] : [],
    ),
  );
}

/** Reads the front matter of a snapshot's model card; without a card, returns an empty one. */
export async function readBaseCard(snapshot: string): Promise<BaseCard> {
  return parseBaseCard(await readRegular(join(snapshot, "README.md")).then(String, () => ""));
}
