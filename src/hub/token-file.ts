import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { QuantsmithError } from "../util/errors.js";

const maxTokenBytes = 64 * 2 ** 10;

/**
 * Returns the token in the file `chosen`, or if that is empty, in the file `token` of a folder; undefined if it cannot be read.
 * Errors: QS-HUB-TOKEN for a named pipe, above 64 KiB, and for a file or link of another user in the folder.
 */
export function readTokenFile(folder: string, chosen: string): string | undefined {
  const path = chosen || join(folder, "token");
  const text = readText(path, chosen === "" ? folder : undefined);
  if (typeof text !== "object") return text?.trim() || undefined;
  throw new QuantsmithError("QS-HUB-TOKEN", `the token file ${path} ${text.problem}`, {
    remedy: "Set `HF_TOKEN` instead, or `HF_TOKEN_PATH` to a regular file that you trust.",
  });
}

/** With a folder, which other users may write, checks the owner of the file, or of the link in its place. */
function readText(path: string, folder?: string): string | undefined | { problem: string } {
  let file: number | undefined;
  try {
    const entry = lstatSync(path);
    const isLink = entry.isSymbolicLink();
    // It could lead to any file of this user, and the content is sent.
    if (folder !== undefined && isLink && !isOwn(entry)) return { problem: "is a link of another user" };
    // Never waits, as opening a named pipe does.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | (isLink ? 0 : constants.O_NOFOLLOW));
    const found = fstatSync(file);
    // It could be read once, and each command reads the token several times.
    if (found.isFIFO()) return { problem: "is a pipe" };
    // In a container, the mounted folder of the host's user belongs to another one.
    const isTrusted = folder === undefined || isLink || isOwn(found) || found.uid === statSync(folder).uid;
    if (!isTrusted) return { problem: "belongs to another user" };
    const buffer = Buffer.alloc(maxTokenBytes + 1);
    const length = readSync(file, buffer);
    return length > maxTokenBytes ? { problem: "is larger than 64 KiB" } : buffer.toString("utf8", 0, length);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Whether a file or link belongs to this user or root. */
function isOwn({ uid }: Stats): boolean {
  return uid === 0 || uid === process.geteuid?.();
}
