import { renameSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isSystemError, QuantsmithError } from "../../util/errors.js";
import { liveFileState } from "../../util/file-state.js";
import { renameToNew, syncFolder } from "../../util/files.js";
import { keepPermissions } from "../../util/keep-permissions.js";
import { quote } from "../../util/quote.js";
import { type EncodedHeader, encodeHeader } from "../encode-header.js";
import { invalidGguf } from "../errors.js";
import { isContiguous } from "../find-problems.js";
import type { Gguf, GgufValue } from "../gguf.js";
import { readGguf } from "../read-header.js";
import { describeLaterPart } from "../split-part.js";
import { type WriteGgufOptions, writeGguf } from "../write-gguf.js";
import { changeMetadata, type MetadataChange, type MetadataEdit } from "./change-metadata.js";
import { type EditGuard, guardEdit } from "./edit-guard.js";
import { type EditTarget, editTarget, requireFree, requireWritable } from "./edit-target.js";
import { requireFittingFileType } from "./file-type.js";
import { finishEdit, replaceHeader } from "./header-journal.js";
import { type EditLock, lockForEdit, newEditId, removeLeftovers, temporaryPath } from "./lock-for-edit.js";

export interface EditOptions {
  /** Output path; the original stays unchanged. Must not exist. */
  out?: string;
  signal?: AbortSignal;
  /** Called once if the edit has to wait for another edit of the same file. */
  onWait?: (owner: string) => void;
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
 * a concurrent edit is waited for. Errors: QS-GGUF-*, QS-EDIT-*, QS-ENV-LOCK, QS-DISK-FULL, QS-USAGE for an `out` that
 * exists or cannot be created.
 */
export async function editGguf(
  path: string,
  edits: readonly MetadataEdit[],
  options: EditOptions = {},
): Promise<EditResult> {
  const target = await editTarget(path, options.out);
  if (target.inPlace) await requireWritable(target.source);
  return lockForEdit(target, options, (lock) => editLocked(target, edits, lock, options));
}

async function editLocked(
  { source, target, inPlace }: EditTarget,
  edits: readonly MetadataEdit[],
  lock: EditLock,
  options: EditOptions,
  isOpened = false,
): Promise<EditResult> {
  // A concurrent edit may have created it since the first check.
  if (!inPlace) await requireFree(target);
  await finishEdit(source, lock.locksSource ? lock : undefined);
  await removeLeftovers(target);
  const guard = guardEdit(source, await liveFileState(source), lock.isHeld);
  const gguf = await readGguf(source);
  requireMetadata(gguf);
  if (!isContiguous(gguf)) {
    const what = "its tensor data is not contiguous in the order of the table, and llama.cpp rejects such a file";
    throw invalidGguf(source, "tensor-gap", gguf.dataOffset, what);
  }
  const { metadata, changes } = changeMetadata(gguf.metadata, edits);
  requireFittingFileType(gguf, changes);
  const { fileBytes } = gguf;
  if (inPlace && changes.length === 0) return { path: target, changes, how: "unchanged", fileBytes };
  const header = inPlace ? headerInPlace(gguf, metadata) : undefined;
  lock.signal.throwIfAborted();
  if (header !== undefined && !isOpened && (await becomesAnother(source, guard)))
    return editLocked({ source, target, inPlace }, edits, lock, options, true);
  if (header !== undefined && (await replaceHeader(source, header.bytes, guard))) {
    return { path: target, changes, how: "header", fileBytes };
  }
  metadata.delete(paddingKey);
  const { onBytes } = options;
  const hooks = { signal: lock.signal, ...(onBytes && { onBytes }) };
  const temporary = temporaryPath(target, newEditId());
  try {
    await rewrite(gguf, metadata, temporary, hooks);
    await keepPermissions(source, temporary);
    await placeFile(temporary, target, inPlace, guard);
  } catch (error) {
    await rm(temporary, { force: true });
    throw describeFullDisk(error, target, fileBytes);
  }
  return { path: target, changes, how: "rewritten", fileBytes: (await stat(target)).size };
}

/** Whether the file is another one once it is open to write, as on an overlay, which copies it then. Errors: those of `guard`. */
async function becomesAnother(source: string, guard: EditGuard): Promise<boolean> {
  guard.requireUnchanged();
  await (await open(source, "r+")).close();
  try {
    guard.requireUnchanged();
    return false;
  } catch {
    return guard.isHeld();
  }
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

/** Writes the whole file under a temporary name, which only this user can read, and flushes it. */
async function rewrite(
  gguf: Gguf,
  metadata: ReadonlyMap<string, GgufValue>,
  temporary: string,
  hooks: WriteGgufOptions,
): Promise<void> {
  const tensors = gguf.tensors.map((tensor) => ({ ...tensor, data: { path: gguf.path, offset: tensor.offset } }));
  const last = gguf.tensors.at(-1);
  const offset = last === undefined ? gguf.dataOffset : last.offset + last.bytes;
  // What another program has put behind the tensors.
  const tail = { path: gguf.path, offset, bytes: Math.max(0, gguf.fileBytes - offset) };
  await writeGguf(temporary, { metadata, tensors, tail }, { ...hooks, mode: 0o600 });
  await readGguf(temporary);
}

/** Renames the new file to its path. Errors: QS-EDIT-CHANGED, QS-USAGE if something appeared at the path of `--out`. */
async function placeFile(temporary: string, target: string, inPlace: boolean, guard: EditGuard): Promise<void> {
  guard.requireUnchanged();
  if (inPlace) renameSync(temporary, target);
  else {
    await renameToNew(temporary, target).catch(async (error: unknown) => {
      if (isSystemError(error) && error.code === "EEXIST") await requireFree(target);
      throw error;
    });
  }
  await syncFolder(dirname(target));
}

function describeFullDisk(error: unknown, target: string, bytes: number): unknown {
  if (!isSystemError(error) || error.code !== "ENOSPC") return error;
  return new QuantsmithError("QS-DISK-FULL", `the disk filled up while writing ${quote(basename(target))}`, {
    remedy: `Free ${bytes} bytes: the new header is too long to replace the old one in place.`,
    cause: error,
  });
}
