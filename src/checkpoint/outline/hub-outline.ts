import PQueue from "p-queue";
import type { HubConnection } from "../../hub/connection.js";
import type { HubFile } from "../../hub/hub-file.js";
import { readHubFile } from "../../hub/read-file.js";
import { hubRangeReader, type ReadRange } from "../../hub/read-range.js";
import { QuantsmithError } from "../../util/errors.js";
import { type BaseCard, emptyCard, parseBaseCard } from "../base-card.js";
import type { HeaderReader } from "../check-snapshot.js";
import type { FileSelection } from "../file-selection.js";
import { type ModelConfig, maxConfigBytes, parseConfig } from "../read-config.js";
import { headerLength, parseSafetensors, type SafetensorsHeader } from "../safetensors.js";
import { selectHubFiles } from "../select-hub-files.js";
import { maxIndexBytes } from "../weight-index.js";
import { type CheckpointOutline, outlineCheckpoint, startSurvey } from "./checkpoint-outline.js";
import { modelOptFile, parseSide } from "./side-files.js";
import { quantizationConfig } from "./weight-format.js";

/** Bytes of the first request for a header; most headers of shards are smaller. */
const firstBytes = 128 * 1024;
/** Concurrent requests for headers. */
const readers = 8;

/** A checkpoint on the Hub before its download. */
export interface HubCheckpoint extends Partial<ModelConfig> {
  /** The files to download, and those of them with weights. */
  files: HubFile[];
  weights: HubFile[];
  /** Undefined without a config.json. */
  outline?: CheckpointOutline;
}

/**
 * Selects the files of a repository at a commit and describes the checkpoint in them from config.json and the headers of
 * its weights, read with range requests, or from the cache; `reader` gets the headers, too. Errors: QS-FETCH-*, QS-HUB-*.
 */
export async function readHubCheckpoint(
  connection: HubConnection,
  { repo, commit, listing }: { repo: string; commit: string; listing: readonly HubFile[] },
  choice: FileSelection,
  reader?: HeaderReader,
): Promise<HubCheckpoint> {
  const place = `hf:${repo}`;
  const read = (file: HubFile, maxBytes: number) => readHubFile(connection, { repo, commit, file, maxBytes });
  const { files, weights } = await selectHubFiles(place, listing, choice, (file) => read(file, maxIndexBytes));
  const byName = new Map(files.map((file) => [file.path, file]));
  const configFile = byName.get("config.json");
  if (configFile === undefined) return { files, weights };
  const parsed = parseConfig(`${place}/config.json`, await read(configFile, maxConfigBytes));
  const optFile = byName.get(modelOptFile);
  const modelOpt = optFile && parseSide(await read(optFile, maxConfigBytes));
  const survey = startSurvey(parsed.config, modelOpt);
  reader?.start(parsed.config, modelOpt);
  let isCounted = true;
  const queue = new PQueue({ concurrency: readers });
  await Promise.all(
    weights.map((file) =>
      queue.add(async () => {
        const header = await readHeader(connection, { repo, commit, file });
        if (header !== undefined) {
          survey.add(header.tensors);
          reader?.add(header.tensors);
          return;
        }
        isCounted = false;
        survey.addUnread(file.bytes);
      }),
    ),
  );
  const totals = survey.finish(quantizationConfig(parsed.config, modelOpt).method);
  return { files, weights, ...parsed, outline: outlineCheckpoint({ ...parsed, modelOpt }, totals, isCounted) };
}

/** Reads the front matter of a repository's model card; without a card, returns an empty one. Errors: QS-HUB-*. */
export async function readHubCard(
  connection: HubConnection,
  { repo, commit, files }: { repo: string; commit: string; files: readonly HubFile[] },
): Promise<BaseCard> {
  const file = files.find(({ path, bytes }) => path === "README.md" && bytes <= maxConfigBytes);
  if (file === undefined) return emptyCard;
  return parseBaseCard(
    (await readHubFile(connection, { repo, commit, file, maxBytes: maxConfigBytes })).toString("utf8"),
  );
}

/** Reads the header of a weight file; undefined for a pickle, and where no part of the file can be had. */
async function readHeader(
  connection: HubConnection,
  target: { repo: string; commit: string; file: HubFile },
): Promise<SafetensorsHeader | undefined> {
  const { repo, file } = target;
  if (!file.path.endsWith(".safetensors")) return undefined;
  const path = `hf:${repo}/${file.path}`;
  try {
    return await parseHeader(path, file, hubRangeReader(connection, target));
  } catch (error) {
    if (connection.offline || !(error instanceof QuantsmithError) || error.code !== "QS-FETCH-SAFETENSORS") throw error;
    // A file of the cache may be damaged; the fetch stage replaces it.
    return parseHeader(path, file, hubRangeReader(connection, { ...target, isCached: false }));
  }
}

async function parseHeader(path: string, { bytes }: HubFile, read: ReadRange): Promise<SafetensorsHeader | undefined> {
  const start = await read(0, Math.min(firstBytes, bytes));
  if (start === undefined) return undefined;
  const end = 8 + headerLength(path, start, bytes);
  const rest = end <= start.length ? Buffer.alloc(0) : await read(start.length, end);
  if (rest === undefined) return undefined;
  return parseSafetensors(path, Buffer.concat([start.subarray(8, end), rest]), bytes);
}
