import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { renderChats } from "../../corpus/render-chats.js";
import type { MetadataEdit } from "../../gguf/edit/change-metadata.js";
import { editGguf } from "../../gguf/edit/edit-gguf.js";
import { valueToJson } from "../../gguf/inspect.js";
import { resolveToolchain } from "../../llamacpp/toolchain/toolchain.js";
import { formatBytes } from "../../util/bytes.js";
import { decodeText } from "../../util/decode-text.js";
import { QuantsmithError } from "../../util/errors.js";
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

/** `quantsmith edit-metadata`: edits the header of a GGUF file. */
export async function editMetadata(file: string, options: EditMetadataOptions): Promise<void> {
  const signal = interruptSignal();
  const edits: MetadataEdit[] = [
    ...(options.set ?? []).map(parseSet),
    ...(options.remove ?? []).map((key) => ({ kind: "remove" as const, key })),
    ...(options.chatTemplate === undefined ? [] : [await templateEdit(options.chatTemplate, signal)]),
  ];
  if (edits.length === 0) {
    throw new QuantsmithError("QS-USAGE", "no edit was given", {
      remedy: "Add `--set key=value`, `--remove key` or `--chat-template file`.",
    });
  }
  const { path, changes, how, fileBytes } = await editGguf(file, edits, {
    signal,
    onWait: () => note(`waiting for another edit of ${file}`),
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

/** Reads and parses a template, since an invalid one makes the model unusable in all programs. */
async function templateEdit(path: string, signal: AbortSignal): Promise<MetadataEdit> {
  const failure = (reason: string) =>
    new QuantsmithError("QS-EDIT-TEMPLATE", `cannot read ${path} as a chat template: ${reason}`, {
      remedy: "Give a Jinja template, such as chat_template.jinja of the model's repository.",
      at: { file: path },
    });
  const bytes = await readRegular(path).catch((error) => {
    throw failure(systemReason(error));
  });
  if (isLfsPointer(bytes)) throw lfsPointer(path);
  const text = decodeText(bytes);
  if (text === undefined) throw failure("it is not UTF-8 text");
  const template = { template: text, toolUse: null, bos: "", eos: "" };
  const context = {
    work: await systemTemporaryFolder(),
    signal,
    toolchain: () => resolveToolchain({ signal, onProgress: note }),
  };
  const [rendering] = await renderChats(template, [{ messages: [], addGenerationPrompt: false }], context);
  if (rendering?.kind === "unparsable") throw failure(rendering.reason);
  return { kind: "set", key: "tokenizer.chat_template", type: "string", text };
}

async function isListed(path: string): Promise<boolean> {
  const sums = await readFile(join(dirname(path), "SHA256SUMS"), "utf8").catch(() => "");
  return sums.split("\n").some((line) => line.endsWith(`  ${basename(path)}`));
}
