import type { SnapshotFile } from "../checkpoint/snapshot-report.js";
import type { SpeedConstants } from "../hardware/speed/speed-constants.js";
import type { HubFile } from "../hub/hub-file.js";
import type { ToolId } from "../llamacpp/tool-digests.js";
import type { Architectures } from "../llamacpp/toolchain/architectures.js";
import type { Pretokenizers } from "../llamacpp/toolchain/pretokenizers.js";
import type { Material } from "../release/release-facts.js";
import type { HubTextFile } from "../stages/fetch/fetch-texts.js";
import type { JsonObject } from "../util/canonical-json.js";

/** What the plan must know of the world: content digests, sizes, tool versions. Paths stand beside, never in keys. */
export interface PlanFacts {
  model: ModelFacts;
  /** sha256 of each text file, by absolute path. */
  texts: ReadonlyMap<string, string>;
  /** Each text on the Hub, by how the recipe refers to it. */
  hubTexts: ReadonlyMap<string, HubTextFile>;
  /** What speeds are reckoned with. */
  speed: SpeedConstants;
  /** What llama.cpp's converter has code for; null while that is not known. */
  architectures: Architectures | null;
  /** The pre-tokenizers that it knows, where the recipe names one; null while that is not known. */
  pretokenizers: Pretokenizers | null;
  toolDigests: Readonly<Record<ToolId, string>>;
  /** Files that the tools are made of, for the provenance. */
  toolFiles: readonly Material[];
  /** Version names for the report, by tool. */
  toolVersions: Readonly<Record<string, string>>;
}

export interface ModelFacts {
  source:
    | { kind: "local"; folder: string }
    /** `listing` is everything the repository holds; `missingBytes` have still to be downloaded. */
    | {
        kind: "hub";
        repo: string;
        revision: string;
        commit: string;
        listing: readonly HubFile[];
        missingBytes: number;
      };
  files: readonly SnapshotFile[];
  /** Weights in the 16-bit base, in elements and bytes; estimates where only file sizes are known. */
  parameters: number;
  tensorBytes: number;
  /** config.json; null without one, which fetch reports. */
  config: JsonObject | null;
  /** Null when the configuration does not tell. */
  vocabulary: number | null;
}
