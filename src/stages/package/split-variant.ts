import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Gguf, GgufTensor } from "../../gguf/gguf.js";
import { readGguf } from "../../gguf/read-header.js";
import { splitGguf } from "../../llamacpp/gguf-split.js";
import type { VariantSplit } from "../../release/release-report.js";
import { QuantsmithError } from "../../util/errors.js";
import { openRegular } from "../../util/regular-file.js";
import { sha256File } from "../../util/sha256.js";
import type { StageContext } from "../stage.js";
import { linkInput, toolRun } from "../step-files.js";

/**
 * Splits a variant that is too large for one file and verifies that the splits contain every tensor with equal bytes.
 * Errors: QS-SPLIT-FAILED, QS-DISK-FULL.
 */
export async function splitVariant(
  context: StageContext,
  { input, file, maxFileBytes }: { input: string; file: string; maxFileBytes: number },
): Promise<VariantSplit[]> {
  const name = file.replace(/\.gguf$/, "");
  const run = await toolRun(context);
  const model = await linkInput(context, input, file);
  const { files } = await splitGguf({ ...run, model, outPrefix: join("..", "out", name), maxFileBytes });
  const original = await readGguf(join(context.work, file));
  const splits = await Promise.all(files.map((path) => readGguf(join(context.work, path))));
  await requireSame(original, splits, context.signal);
  const written: VariantSplit[] = [];
  for (const { path, fileBytes } of splits) {
    const sha256 = await sha256File(path, context.signal);
    written.push({ file: path.slice(join(context.work, "..", "out").length + 1), bytes: fileBytes, sha256 });
  }
  return written;
}

async function requireSame(original: Gguf, splits: readonly Gguf[], signal: AbortSignal): Promise<void> {
  const found = new Map<string, { split: Gguf; tensor: GgufTensor }>();
  for (const split of splits) for (const tensor of split.tensors) found.set(tensor.name, { split, tensor });
  if (found.size !== original.tensors.length) throw differs("the number of tensors");
  const source = await openRegular(original.path);
  try {
    for (const split of splits) {
      const file = await openRegular(split.path);
      try {
        for (const tensor of original.tensors.filter(({ name }) => found.get(name)?.split === split)) {
          signal.throwIfAborted();
          const copy = found.get(tensor.name)?.tensor;
          const same = copy !== undefined && copy.type === tensor.type && copy.bytes === tensor.bytes;
          if (!same || !(await isSameData(source, tensor, file, copy))) throw differs(tensor.name);
        }
      } finally {
        await file.close();
      }
    }
  } finally {
    await source.close();
  }
}

const pieceBytes = 4 * 2 ** 20;

async function isSameData(a: FileHandle, from: GgufTensor, b: FileHandle, to: GgufTensor): Promise<boolean> {
  const [left, right] = [Buffer.alloc(pieceBytes), Buffer.alloc(pieceBytes)];
  for (let done = 0; done < from.bytes; ) {
    const wanted = Math.min(pieceBytes, from.bytes - done);
    const { bytesRead: inA } = await a.read(left, 0, wanted, from.offset + done);
    const { bytesRead: inB } = await b.read(right, 0, inA, to.offset + done);
    if (inA === 0 || inA !== inB || !left.subarray(0, inA).equals(right.subarray(0, inA))) return false;
    done += inA;
  }
  return true;
}

function differs(what: string): QuantsmithError {
  return new QuantsmithError("QS-SPLIT-FAILED", `the splits differ from the original file: ${what}`, {
    remedy: "Run again. If the error persists, report it with the model's name.",
  });
}
