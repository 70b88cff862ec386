import { realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { privateCardWarning, privateWarning } from "../../checkpoint/private-metadata.js";
import { readBaseCard, type SnapshotFile } from "../../checkpoint/snapshot-report.js";
import type { MetadataParams } from "../../converter/general/converter-card.js";
import { encodeHeader } from "../../gguf/encode-header.js";
import { findProblems } from "../../gguf/find-problems.js";
import type { Gguf } from "../../gguf/gguf.js";
import { metadataString } from "../../gguf/metadata.js";
import { readGguf } from "../../gguf/read-header.js";
import { type NewGguf, writeGguf } from "../../gguf/write-gguf.js";
import type { JsonObject } from "../../util/canonical-json.js";
import { copyOrReflink } from "../../util/copy-file.js";
import { linkOrCopy } from "../../util/files.js";
import {
  type PrepareContext,
  type Prepared,
  type PreparedOperation,
  requiredInput,
  type StageContext,
} from "../stage.js";
import { writeReport } from "../step-files.js";
import { adoptedMetadata, privateKeys, shownKeys } from "./adopted-metadata.js";
import { describeConverted } from "./convert-report.js";

export interface AdoptParams extends JsonObject {
  /** The splits in the snapshot, in order; one for a single file. */
  splits: readonly SnapshotFile[];
  metadata: MetadataParams;
  /** Whether the files are in the Hugging Face cache, whose blobs do not change; others are the user's to edit. */
  cached: boolean;
}

interface Adoption extends Prepared {
  /** The file to link or to copy as it is; undefined if the base must be written. */
  unchanged: string | undefined;
  base: NewGguf;
  /** Keys of the source that the base lacks because of their texts. */
  omitted: readonly string[];
}

/** Room for `convert.json`. */
const reportBytes = 2 ** 20;

/**
 * Makes a GGUF source the base of all variants, without a conversion: the same file, or its splits in one file. Writes a
 * new header only where the recipe sets metadata, where former tools left keys of their own, or where llama.cpp would not
 * load the layout. Input `snapshot`; outputs `model.gguf`, `convert.json`. Errors: QS-GGUF-*.
 */
export const adoptGguf: PreparedOperation<AdoptParams, Adoption> = {
  id: "adopt-gguf",
  stage: "convert",
  version: 6,
  resource: "io",
  tools: [],
  intermediates: ["model.gguf"],
  prepare: planAdoption,
  async run({ cached, splits }, context, { unchanged, base, omitted, bytes: total }) {
    const outFile = join(context.out, "model.gguf");
    const onBytes = (done: number) => context.progress({ done, total, unit: "byte" });
    const why = unchanged === undefined ? "the GGUF source with a new header" : "the unchanged GGUF source";
    context.note(`not converting: the base is ${why}`);
    if (unchanged === undefined) await writeGguf(outFile, base, { signal: context.signal, onBytes });
    else if (cached) await linkOrCopy(unchanged, outFile);
    else await copyOrReflink(unchanged, outFile, { signal: context.signal, onBytes });
    const gguf = await readGguf(outFile);
    await writeReport(context, "convert.json", describeConverted(gguf, "none", { why, pretokenizer: "auto" }));
    const card = await readBaseCard(requiredInput(context, "snapshot"));
    const found = [...privateWarning("the GGUF source", shownKeys(omitted)), ...privateCardWarning(card)];
    for (const warning of found) context.warn(warning);
    warnOfPretokenizer(gguf, context);
    const [algorithm, sha256 = ""] = splits[0]?.digest.split(":") ?? [];
    if (unchanged === undefined || algorithm !== "sha256") return {};
    // Verified by the download; a copy of a file that a user may have changed meanwhile is hashed and compared.
    return { [cached ? "digests" : "expectedDigests"]: { "model.gguf": sha256 } };
  },
};

async function planAdoption({ splits, metadata, cached }: AdoptParams, context: PrepareContext): Promise<Adoption> {
  const snapshot = requiredInput(context, "snapshot");
  const sources: Gguf[] = [];
  for (const { path } of splits) sources.push(await readGguf(join(snapshot, path)));
  const [first] = sources;
  if (first === undefined) throw new Error("the step was planned without a GGUF file");
  const base = {
    metadata: adoptedMetadata(first.metadata, metadata),
    tensors: sources.flatMap(({ path, tensors }) =>
      tensors.map(({ name, shape, type, offset }) => ({ name, shape, type, data: { path, offset } })),
    ),
  };
  const omitted = privateKeys(first.metadata);
  if (sources.length > 1 || isChanged(first, base)) {
    return { unchanged: undefined, base, omitted, bytes: encodeHeader(base).fileBytes + reportBytes };
  }
  const unchanged = await realpath(first.path);
  const isLink = cached && (await stat(unchanged)).dev === (await stat(context.work)).dev;
  return { unchanged, base, omitted, bytes: reportBytes + (isLink ? 0 : first.fileBytes) };
}

function isChanged(source: Gguf, { metadata }: NewGguf): boolean {
  const layout = ["QS-GGUF-LAYOUT", "QS-GGUF-TRAILING"];
  if (findProblems(source).some(({ code }) => layout.includes(code))) return true;
  return (
    metadata.size !== source.metadata.size || [...metadata].some(([key, entry]) => source.metadata.get(key) !== entry)
  );
}

/** llama.cpp loads such a file with its default pre-tokenizer, and the model answers worse than it should. */
function warnOfPretokenizer(gguf: Gguf, context: StageContext): void {
  const isUnknown = ["default", undefined].includes(metadataString(gguf, "tokenizer.ggml.pre"));
  if (metadataString(gguf, "tokenizer.ggml.model") !== "gpt2" || !isUnknown) return;
  context.note(
    "warning: the GGUF source does not name a pre-tokenizer (tokenizer.ggml.pre), so llama.cpp uses its default",
  );
}
