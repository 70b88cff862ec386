import { parseBaseCard } from "../../checkpoint/base-card.js";
import { type HubConnection, hubConnection } from "../../hub/connection.js";
import { findDatasetFile } from "../../hub/find-dataset-file.js";
import type { HubFile } from "../../hub/hub-file.js";
import { readHubFile } from "../../hub/read-file.js";
import { QuantsmithError } from "../../util/errors.js";
import { sha256 } from "../../util/sha256.js";
import { inComment } from "./recipe-text.js";

/** A text that publishers use, at a fixed commit of a Hub data set. */
interface DataSetText {
  /** `calibration`, or the name of a category of the evaluation. */
  use: "calibration" | "wikitext" | "code" | "multilingual";
  /** For people, without the final period. */
  about: string;
  dataset: string;
  commit: string;
  path: string;
  /** The file in the archive `path`. */
  member?: string;
}

const imatrixTexts = { dataset: "froggeric/imatrix", commit: "4cb52cf0af4ba963fca22a083efac534d13b873d" };

/** Texts only: a corpus cannot be read from Parquet, in which most data sets are. */
const dataSetTexts: readonly DataSetText[] = [
  {
    ...{ use: "calibration", about: "Kalomaze's general mixture, with which many publishers calibrate" },
    ...{ ...imatrixTexts, path: "groups_merged.txt" },
  },
  {
    ...{ use: "wikitext", about: "The raw test set of wikitext-2, from Wikipedia (CC BY-SA)" },
    ...{ dataset: "ggml-org/ci", commit: "927b3642933080f1b0e811e2f916e14c292992f9" },
    ...{ path: "wikitext-2-raw-v1.zip", member: "wikitext-2-raw/wiki.test.raw" },
  },
  { use: "code", about: "Code in many programming languages", ...imatrixTexts, path: "code.txt" },
  { use: "multilingual", about: "Texts in many languages", ...imatrixTexts, path: "multilingual.txt" },
];

/** A text as a recipe names it, pinned by commit and sha256, with what a reader wants to know before the download. */
export interface PinnedText extends Pick<DataSetText, "use" | "about" | "dataset"> {
  /** `hf:org/dataset@commit/path#sha256=…`. */
  corpus: string;
  bytes: number;
  /** From the data set's card; null if it states none. */
  license: string | null;
}

/** Says the licence of a data set; external text in one line. */
export const licenseWords = (license: string | null) =>
  license === null ? "licence not stated" : `licence ${inComment(license)}`;

/** The texts that were found, and why others were not. */
export interface PinnedTexts {
  texts: readonly PinnedText[];
  problem?: string;
}

/** Larger than the small files of the table, whose listing has no sha256. */
const maxTextBytes = 16 * 2 ** 20;
const maxCardBytes = 2 ** 20;

/**
 * Resolves the texts for a model on the Hub: size and sha256 of each from the Hub, and its licence. Small files are
 * downloaded for that. A text that cannot be resolved is left out, with the reason.
 */
export async function pinDataSets(): Promise<PinnedTexts> {
  const connection = hubConnection();
  const texts: PinnedText[] = [];
  for (const text of dataSetTexts) {
    try {
      texts.push(await pin(connection, text));
    } catch (error) {
      if (!(error instanceof QuantsmithError)) throw error;
      // The others of a Hub that cannot be reached would fail, too, after as many attempts.
      return { texts, problem: error.message };
    }
  }
  return { texts };
}

async function pin(connection: HubConnection, text: DataSetText): Promise<PinnedText> {
  const { use, about, dataset, commit, path, member } = text;
  const repo = `datasets/${dataset}`;
  const find = async (name: string) => (await findDatasetFile(connection, { repo, revision: commit, path: name })).file;
  const file = await find(path);
  if (file === undefined) {
    throw new QuantsmithError("QS-TEXT-MISSING", `the data set ${dataset} does not contain ${path} at ${commit}`, {
      remedy: "Use `default`, the bundled text.",
    });
  }
  const read = (one: HubFile, maxBytes: number) => readHubFile(connection, { repo, commit, file: one, maxBytes });
  const [, listed] = /^sha256:(.*)$/.exec(file.digest) ?? [];
  const digest = listed ?? sha256(await read(file, maxTextBytes));
  const readme = await find("README.md");
  const card = readme === undefined ? "" : (await read(readme, maxCardBytes)).toString("utf8");
  const place = member === undefined ? path : `${path}/${member}`;
  return {
    ...{ use, about, dataset, bytes: file.bytes, license: parseBaseCard(card).license },
    corpus: `hf:${dataset}@${commit}/${place}#sha256=${digest}`,
  };
}
