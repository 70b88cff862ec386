import { join } from "node:path";
import { hubConnection } from "../../hub/connection.js";
import { listModel } from "../../hub/list-model.js";
import { readHubFile } from "../../hub/read-file.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { QuantsmithError } from "../../util/errors.js";
import { readRegular } from "../../util/regular-file.js";
import { checkSnapshot } from "../check-snapshot.js";
import { defaultFileSelection } from "../file-selection.js";
import type { CheckpointOutline } from "./checkpoint-outline.js";
import type { ReadSide } from "./details.js";
import { readHubCheckpoint } from "./hub-outline.js";

/** A checkpoint in a folder or on the Hub, of which only headers and small files are read. */
export interface OpenCheckpoint {
  config: JsonObject;
  outline: CheckpointOutline;
  /** Bytes of all weight files. */
  weightBytes: number;
  /** Names of the files that belong to the model. */
  names: readonly string[];
  read: ReadSide;
}

/** Opens a folder. Errors: QS-FETCH-*. */
export async function openFolder(folder: string): Promise<OpenCheckpoint> {
  const { config, outline, files, tensorBytes } = await checkSnapshot(folder, defaultFileSelection);
  const names = files.map(({ path }) => path);
  const read: ReadSide = async (name, maxBytes) => {
    const found = files.find(({ path, size }) => path === name && size <= maxBytes);
    return found && readRegular(join(folder, name), maxBytes);
  };
  return { config, outline, weightBytes: tensorBytes, names, read };
}

/** Opens a repository at a revision. Errors: QS-FETCH-*, QS-HUB-*. */
export async function openHub(repo: string, revision: string): Promise<OpenCheckpoint> {
  const connection = hubConnection();
  const { commit, files: listing } = await listModel(connection, repo, revision);
  const { files, weights, config, outline } = await readHubCheckpoint(
    connection,
    { repo, commit, listing },
    defaultFileSelection,
  );
  if (config === undefined || outline === undefined) {
    throw new QuantsmithError("QS-FETCH-NO-CONFIG", `hf:${repo} does not contain config.json`, {
      remedy: "Name the model's original repository, or a 16-bit GGUF file: `hf:org/name/file.gguf`.",
    });
  }
  const read: ReadSide = async (name, maxBytes) => {
    const file = files.find(({ path, bytes }) => path === name && bytes <= maxBytes);
    return file && readHubFile(connection, { repo, commit, file, maxBytes });
  };
  const weightBytes = weights.reduce((sum, { bytes }) => sum + bytes, 0);
  return { config, outline, weightBytes, names: files.map(({ path }) => path), read };
}
