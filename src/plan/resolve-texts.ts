import { stat } from "node:fs/promises";
import { findOverlap, type UsedText } from "../corpus/find-overlap.js";
import { overlapError } from "../corpus/overlap-error.js";
import { maxTextBytes, readUnchanged } from "../corpus/read-unchanged.js";
import { hubConnection } from "../hub/connection.js";
import { findDatasetFile } from "../hub/find-dataset-file.js";
import type { CorpusSource, Settings } from "../recipe/settings.js";
import { type HubTextFile, requireSha256 } from "../stages/fetch/fetch-texts.js";
import { readTaskFile } from "../stages/tasks/read-task-file.js";
import { formatBytes } from "../util/bytes.js";
import type { DigestCache } from "../util/digest-cache.js";
import { isSystemError, QuantsmithError, type SourceLocation } from "../util/errors.js";
import { requireNoPointer } from "../util/lfs-pointer.js";
import { quote } from "../util/quote.js";
import { systemReason } from "../util/system-reason.js";
import type { Warning } from "../util/warnings.js";
import { corpusKinds, localFile, usedKinds } from "./corpus-files.js";
import { inRecipe } from "./in-recipe.js";
import { movedDataSets } from "./moved-source.js";
import { OverlapCheckCache } from "./overlap-check-cache.js";
import { askedTasks } from "./task-steps.js";

type HubSource = CorpusSource & { kind: "hub" };

interface PlacedText {
  kind: (typeof corpusKinds)[number];
  source: CorpusSource;
  at: SourceLocation;
}

function placedTexts(settings: Settings, kinds: readonly PlacedText["kind"][] = corpusKinds): PlacedText[] {
  return kinds.flatMap((kind) =>
    settings[kind].corpus.map((source, index) => ({ kind, source, at: settings.locate([kind, "corpus", index]) })),
  );
}

function placedTasks(settings: Settings) {
  return askedTasks(settings).map((task, index) => ({ ...task, at: settings.locate(["tasks", index, "file"]) }));
}

/**
 * Returns the sha256 of each local text and file of questions by its path. Errors: QS-TEXT-MISSING, QS-TEXT-SIZE and
 * QS-LFS-POINTER.
 */
export async function hashTexts(settings: Settings, digests: DigestCache): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const files = [
    ...placedTexts(settings).map(({ kind, source, at }) => ({ kind, path: localFile(source, kind, settings), at })),
    ...placedTasks(settings).map(({ source, at }) => ({
      ...{ kind: "task's", path: source.kind === "file" ? source.path : undefined, at },
    })),
  ];
  for (const { kind, path, at } of files) {
    if (path === undefined) continue;
    try {
      await inRecipe(at, () => requireNoPointer(path));
      requireTextSize(path, (await stat(path)).size, at);
      hashes.set(path, await digests.digest(path));
    } catch (cause) {
      if (!isSystemError(cause)) throw cause;
      throw new QuantsmithError("QS-TEXT-MISSING", `cannot read the ${kind} text ${path}: ${systemReason(cause)}`, {
        remedy: "Correct the path in the recipe, relative to the recipe's folder.",
        at,
        cause,
      });
    }
  }
  return hashes;
}

function requireTextSize(path: string, bytes: number, at?: SourceLocation): void {
  if (bytes <= maxTextBytes) return;
  throw new QuantsmithError(
    "QS-TEXT-SIZE",
    `the text ${path} has ${formatBytes(bytes)}, at most ${formatBytes(maxTextBytes)} are allowed`,
    {
      remedy: "Correct the path in the recipe, or take an excerpt of the text.",
      ...(at && { at }),
    },
  );
}

/**
 * Checks the local texts that the recipe's steps read for overlap, given their digests by path.
 * Errors: QS-TEXT-OVERLAP at the location of the second text in the recipe, QS-TEXT-BINARY, QS-TEXT-ENCODING,
 * QS-TEXT-RECORD, QS-INPUT-CHANGED.
 */
export async function requireNoOverlap(settings: Settings, digests: ReadonlyMap<string, string>): Promise<void> {
  const places = new Map<UsedText, SourceLocation>();
  for (const { kind, source, at } of placedTexts(settings, usedKinds(settings))) {
    const path = localFile(source, kind, settings);
    if (path !== undefined) places.set({ use: kind, name: path, path, digest: digests.get(path) }, at);
  }
  const texts = [...places.keys()];
  const checked = new OverlapCheckCache(texts.map(({ digest = "", ...text }) => ({ ...text, digest })));
  if (await checked.has()) return;
  const overlap = await findOverlap(texts);
  if (overlap !== undefined) throw overlapError(overlap, places.get(overlap.second.text));
  await checked.add();
}

/** The texts on the Hub by their reference in the recipe, and warnings about them. */
export interface HubTexts {
  hubTexts: Map<string, HubTextFile>;
  textWarnings: Warning[];
  /** Data sets of these texts that only members may read. */
  privateDatasets: string[];
}

interface FoundText {
  text: HubTextFile;
  isPrivate: boolean;
  movedTo?: string | undefined;
}

/**
 * Resolves commit, size and digest of each text on the Hub, or offline in its cache; warns of data sets that moved.
 * Errors, at the text's location in the recipe: QS-TEXT-MISSING for a file that is not in the data set, QS-TEXT-HASH,
 * QS-HUB-*.
 */
export async function findHubTexts(settings: Settings): Promise<HubTexts> {
  const hubTexts = new Map<string, HubTextFile>();
  const moved = new Map<string, string>();
  const privateDatasets = new Set<string>();
  const find = async (source: HubSource) => {
    const { text, isPrivate, movedTo } = await findHubText(source);
    if (movedTo !== undefined) moved.set(source.dataset, movedTo);
    if (isPrivate) privateDatasets.add(source.dataset);
    hubTexts.set(source.ref, text);
  };
  for (const { source, at } of placedTexts(settings)) {
    if (source.kind === "hub") await inRecipe(at, () => find(source).catch(nameBundled));
  }
  for (const { source, at } of placedTasks(settings)) {
    if (source.kind === "hub") await inRecipe(at, () => find(source));
  }
  return { hubTexts, textWarnings: movedDataSets(moved), privateDatasets: [...privateDatasets].sort() };
}

/** Checks the local files of questions. Errors, at the file's location in the recipe: QS-TASK-FILE, QS-INPUT-CHANGED. */
export async function checkTaskFiles(settings: Settings, digests: ReadonlyMap<string, string>): Promise<void> {
  for (const { kind, source, at } of placedTasks(settings)) {
    if (source.kind !== "file") continue;
    const bytes = await readUnchanged(source.path, digests.get(source.path));
    await inRecipe(at, async () => readTaskFile(kind, source.name, bytes));
  }
}

/** Adds the alternative to the remedy of a Hub that cannot be reached. */
function nameBundled(error: unknown): never {
  if (!(error instanceof QuantsmithError) || !["QS-HUB-NETWORK", "QS-HUB-OFFLINE"].includes(error.code)) throw error;
  const remedy = `${error.remedy} Without the Hub, \`corpus: default\` uses the bundled text.`;
  throw new QuantsmithError(error.code, error.message, { remedy, cause: error });
}

async function findHubText(source: HubSource): Promise<FoundText> {
  const { dataset, revision, path, member, sha256 } = source;
  const connection = hubConnection();
  const repo = `datasets/${dataset}`;
  const found = await findDatasetFile(connection, { repo, revision, path });
  const { commit, file, private: isPrivate = false, movedTo } = found;
  if (file === undefined) {
    throw new QuantsmithError(
      "QS-TEXT-MISSING",
      `the data set ${quote(dataset)} does not contain the file ${quote(path)} at ${quote(revision)}`,
      {
        remedy: `Choose one of its files: ${connection.endpoint}/datasets/${dataset}/tree/${commit}`,
      },
    );
  }
  if (member === undefined) requireTextSize(source.ref, file.bytes);
  const text = { dataset, commit, path, bytes: file.bytes, digest: file.digest, member, sha256 };
  const [, listed] = /^sha256:(.*)$/.exec(file.digest) ?? [];
  // The Hub lists another kind of digest for a small file, which is compared after the download.
  if (listed !== undefined) requireSha256(text, listed);
  return { text, isPrivate, movedTo };
}
