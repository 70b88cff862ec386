import { basename, dirname, join } from "node:path";
import { requireTemplate, templateError } from "../../corpus/require-template.js";
import type { MetadataEdit } from "../../gguf/edit/change-metadata.js";
import { editGguf } from "../../gguf/edit/edit-gguf.js";
import { valueToJson } from "../../gguf/inspect.js";
import { resolveToolchain } from "../../llamacpp/toolchain/toolchain.js";
import { formatBytes } from "../../util/bytes.js";
import { decodeText } from "../../util/decode-text.js";
import { QuantsmithError, type SourceLocation } from "../../util/errors.js";
import { isLfsPointer, lfsPointer } from "../../util/lfs-pointer.js";
import { quote } from "../../util/quote.js";
import { readRegular } from "../../util/regular-file.js";
import { systemReason } from "../../util/system-reason.js";
import { systemTemporaryFolder } from "../../util/system-temporary-folder.js";
import { interruptSignal } from "../interrupt.js";
import { note, print, printJson, shorten } from "../print.js";

export interface EditMetadataOptions {
  set?: string[];
  remove?: string[];
  chatTemplate?: string;
  out?: string;
  json?: boolean;
}

const templateKey = "tokenizer.chat_template";

/** `quantsmith edit-metadata`: edits the header of a GGUF file. */
export async function editMetadata(file: string, options: EditMetadataOptions): Promise<void> {
  const signal = interruptSignal();
  const edits = [
    ...(options.set ?? []).map(parseSet),
    ...(options.remove ?? []).map((key) => ({ kind: "remove" as const, key })),
    ...(options.chatTemplate === undefined ? [] : [await readTemplate(options.chatTemplate)]),
  ];
  if (edits.length === 0) {
    throw new QuantsmithError("QS-USAGE", "no edit was given", {
      remedy: "Add `--set key=value`, `--remove key` or `--chat-template file`.",
    });
  }
  await requireTemplates(edits, signal);
  const { path, changes, how, fileBytes } = await editGguf(file, edits, {
    signal,
    onWait: (owner) => note(`waiting for another edit of ${file}: ${owner}`),
    ...(options.out === undefined ? {} : { out: options.out }),
  });
  const shown = changes.map(({ key, before, after }) => ({
    key,
    before: before === undefined ? null : valueToJson(before),
    after: after === undefined ? null : valueToJson(after),
  }));
  if (options.json === true) printJson({ file: path, how, bytes: fileBytes, changes: shown });
  else {
    const text = (value: unknown) => (value === null ? "(nothing)" : shorten(JSON.stringify(value), 80));
    for (const { key, before, after } of shown) print(`${key}: ${text(before)} → ${text(after)}`);
    const done = { unchanged: "No changes to", header: "Wrote the header of", rewritten: "Rewrote" };
    print(`${done[how]} ${path}, ${formatBytes(fileBytes)}`);
  }
  if (how !== "unchanged" && ((await isListed(path)) || (options.out === undefined && (await isListed(file))))) {
    note("Note: SHA256SUMS in the same folder still contains the old digest, so the release cannot be published.");
  }
}

/** Parses `key=value` or `key:type=value`. */
function parseSet(text: string): MetadataEdit {
  const [, key, type, value] = /^([^:=]+)(?::([^=]*))?=([\s\S]*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new QuantsmithError("QS-USAGE", `invalid value ${quote(text)} of --set`, {
      remedy: "Write `key=value`, or `key:type=value`.",
    });
  }
  return { kind: "set", key, ...(type === undefined ? {} : { type }), text: value };
}

async function readTemplate(path: string): Promise<MetadataEdit & { at: SourceLocation }> {
  const at = { file: path };
  const bytes = await readRegular(path).catch((error) => {
    throw templateError(systemReason(error), at);
  });
  if (isLfsPointer(bytes)) throw lfsPointer(path);
  const text = decodeText(bytes);
  if (text === undefined) throw templateError("it is not UTF-8 text", at);
  return { kind: "set", key: templateKey, type: "string", text, at };
}

async function requireTemplates(
  edits: readonly (MetadataEdit & { at?: SourceLocation })[],
  signal: AbortSignal,
): Promise<void> {
  for (const edit of edits) {
    if (edit.kind !== "set" || !`${edit.key}.`.startsWith(`${templateKey}.`)) continue;
    const { text, at } = edit;
    await requireTemplate(
      { text, named: edit.key !== templateKey, ...(at && { at }) },
      {
        work: await systemTemporaryFolder(),
        signal,
        toolchain: () => resolveToolchain({ signal, onProgress: note }),
      },
    );
  }
}

async function isListed(path: string): Promise<boolean> {
  const sums = await readRegular(join(dirname(path), "SHA256SUMS")).then(String, () => "");
  return sums.split("\n").some((line) => line.endsWith(`  ${basename(path)}`));
}
