import { randomBytes } from "node:crypto";
import { chmod, rename, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { syncFolder } from "../../util/files.js";
import { quote } from "../../util/quote.js";
import { type EncodedHeader, encodeHeader } from "../encode-header.js";
import { invalidGguf } from "../errors.js";
import { isContiguous } from "../find-problems.js";
import type { Gguf, GgufValue } from "../gguf.js";
import { readGguf } from "../read-header.js";
import { describeLaterPart } from "../split-part.js";
import { writeGguf } from "../write-gguf.js";
import { changeMetadata, type MetadataChange, type MetadataEdit } from "./change-metadata.js";
import { type EditTarget, editTarget, requireFree, requireWritable } from "./edit-target.js";
import { finishEdit, replaceHeader } from "./header-journal.js";
import { lockForEdit, removeLeftovers, temporaryPath } from "./lock-for-edit.js";

export interface EditOptions {
  /** Output path; the original stays unchanged. Must not exist. */
  out?: string;
  signal?: AbortSignal;
  /** Called once if the edit has to wait for another edit of the same file. */
  onWait?: () => void;
  onBytes?: (done: number, total: number) => void;
}

export interface EditResult {
  /** The edited file, with symbolic links resolved. */
  path: string;
  changes: MetadataChange[];
  /** What was written: nothing, the header, or the whole file. */
  how: "unchanged" | "header" | "rewritten";
  fileBytes: number;
}

/** Fills the space that a shorter header frees, so that tensor data stays in place; programs ignore unknown keys. */
const paddingKey = "quantsmith.padding";

/**
 * Edits the metadata of a GGUF file. If the new header fits into the space of the old one, only the header is overwritten,
 * protected by a journal. Otherwise, or if the file has hard links (the store and a release share files), the whole file is
 * written under a temporary name and renamed. Tensor data stays byte-identical. An interrupted edit is completed first;
 * a concurrent edit is waited for. Errors: QS-GGUF-*, QS-EDIT-KEY, QS-EDIT-VALUE, QS-EDIT-PART, QS-EDIT-READ-ONLY, QS-DISK-FULL,
 * QS-USAGE for an `out` that exists or cannot be created.
 */
export async function editGguf(
  path: string,
  edits: readonly MetadataEdit[],
  options: EditOptions = {},
): Promise<EditResult> {
  const target = await editTarget(path, options.out);
  if (target.inPlace) await requireWritable(target.source);
  return lockForEdit(target, options, (signal) => editLocked(target, edits, { ...options, signal }));
}

async function editLocked(
  { source, target, inPlace }: EditTarget,
  edits: readonly MetadataEdit[],
  options: EditOptions & { signal: AbortSignal },
): Promise<EditResult> {
  // A concurrent edit may have created it since the first check.
  if (!inPlace) await requireFree(target);
  await finishEdit(source);
  await removeLeftovers(target);
  const gguf = await readGguf(source);
  requireMetadata(gguf);
  if (!isContiguous(gguf)) {
    const what = "its tensor data is not contiguous in the order of the table, and llama.cpp rejects such a file";
    throw invalidGguf(source, "tensor-gap", gguf.dataOffset, what);
  }
  const { metadata, changes } = changeMetadata(gguf.metadata, edits);
  const { fileBytes } = gguf;
  if (inPlace && changes.length === 0) return { path: target, changes, how: "unchanged", fileBytes };
  const header = inPlace && (await stat(source)).nlink === 1 ? headerInPlace(gguf, metadata) : undefined;
  if (header !== undefined) {
    options.signal.throwIfAborted();
    await replaceHeader(source, header.bytes);
    return { path: target, changes, how: "header", fileBytes };
  }
  metadata.delete(paddingKey);
  return { path: target, changes, how: "rewritten", fileBytes: await rewrite(gguf, metadata, target, options) };
}

/** Rejects a split without the model's metadata, where programs would not read an edit. Errors: QS-EDIT-PART. */
function requireMetadata(gguf: Gguf): void {
  const part = describeLaterPart(gguf);
  if (part === undefined) return;
  throw new QuantsmithError("QS-EDIT-PART", part.message, {
    remedy: `Edit ${part.first}.`,
    at: { file: gguf.path },
  });
}

/** The new header, padded so that all tensors keep their offsets; undefined if it is too long. */
function headerInPlace(gguf: Gguf, metadata: ReadonlyMap<string, GgufValue>): EncodedHeader | undefined {
  const { dataOffset: room, tensors } = gguf;
  const bare = new Map(metadata);
  bare.delete(paddingKey);
  const padded = (length: number) => {
    const padding = { type: "string" as const, value: " ".repeat(length) };
    return encodeHeader({ metadata: new Map(bare).set(paddingKey, padding), tensors });
  };
  const spare = room - padded(0).endBytes;
  const headers = [encodeHeader({ metadata: bare, tensors }), ...(spare < 0 ? [] : [padded(spare)])];
  return headers.find(
    (header) =>
      header.bytes.length === room && header.tensors.every(({ offset }, index) => offset === tensors[index]?.offset),
  );
}

/** Writes the whole file under a temporary name, flushes and renames it. Returns its size in bytes. */
async function rewrite(
  gguf: Gguf,
  metadata: ReadonlyMap<string, GgufValue>,
  target: string,
  { signal, onBytes }: EditOptions,
): Promise<number> {
  const temporary = temporaryPath(target, randomBytes(6).toString("hex"));
  try {
    const tensors = gguf.tensors.map((tensor) => ({ ...tensor, data: { path: gguf.path, offset: tensor.offset } }));
    const plan = { metadata, tensors };
    const { fileBytes } = await writeGguf(temporary, plan, { ...(signal && { signal }), ...(onBytes && { onBytes }) });
    await readGguf(temporary);
    await chmod(temporary, (await stat(gguf.path)).mode & 0o777);
    await rename(temporary, target);
    await syncFolder(dirname(target));
    return fileBytes;
  } catch (error) {
    await rm(temporary, { force: true });
    if (!isSystemError(error) || error.code !== "ENOSPC") throw error;
    throw new QuantsmithError("QS-DISK-FULL", `the disk filled up while writing ${quote(basename(target))}`, {
      remedy: `Free ${gguf.fileBytes} bytes: the new header is too long to replace the old one in place.`,
      cause: error,
    });
  }
}
