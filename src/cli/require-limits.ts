import { readFileSync } from "node:fs";
import { formatBytes } from "../util/bytes.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";
import { readOrEmpty } from "../util/read-or-empty.js";

/** A run opens about 200 files on two cores. */
const openFiles = 256;
/** Node reserves about a gigabyte for each thread. */
const addressBytes = 4e9;

/**
 * Requires resource limits (`ulimit`) under which a run can work, where the system reports them (Linux). Below them,
 * Node ends without an exception, and modules and tools fail to load with misleading errors. Errors: QS-ENV-LIMIT.
 */
export function requireLimits(text = readLimits()): void {
  const files = limitOf(text, "open files");
  if (files < openFiles) {
    throw tooLow(`open files is ${files}, at least ${openFiles} are required`, "ulimit -n 4096");
  }
  const bytes = limitOf(text, "address space");
  if (bytes < addressBytes) {
    const least = formatBytes(addressBytes);
    throw tooLow(`address space is ${formatBytes(bytes)}, at least ${least} are required`, "ulimit -v unlimited");
  }
}

/** Requires a current folder, without which no path can be resolved. Errors: QS-ENV-FILE. */
export function requireCurrentFolder(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new QuantsmithError("QS-ENV-FILE", "the current folder does not exist any more, or cannot be read", {
      remedy: "Change to another folder.",
      cause,
    });
  }
}

/**
 * Requires a current folder and arguments in UTF-8: Node replaces other bytes, and the resulting path is another one.
 * Errors: QS-ENV-FILE, QS-USAGE.
 */
export function requireUtf8(folder: string, words: readonly string[]): void {
  const isReplaced = (text: string) => text.includes("\ufffd");
  if (isReplaced(folder)) {
    throw new QuantsmithError("QS-ENV-FILE", `the path of the current folder is not in UTF-8: ${quote(folder)}`, {
      remedy: "Change to another folder, or rename this one.",
    });
  }
  const word = words.find(isReplaced);
  if (word === undefined) return;
  throw new QuantsmithError("QS-USAGE", `an argument is not in UTF-8: ${quote(word)}`, {
    remedy: "Rename the file or folder, or give a path in UTF-8.",
  });
}

/** Parts of Node that print headers, addresses or environment variables when they are named in `NODE_DEBUG`. */
const printing = /\*|(?:^|,)\s*(?:https?2?|net|tls|undici|fetch|websocket|child_process)\s*(?:,|$)/i;

/**
 * Requires that Node prints no requests or child processes, with the tokens and passwords in them: of the Hub, a proxy, a
 * signing service or a package index. Errors: QS-ENV-DEBUG.
 */
export function requireSilentNode(sections = process.env.NODE_DEBUG ?? ""): void {
  if (!printing.test(sections)) return;
  throw new QuantsmithError("QS-ENV-DEBUG", "with this NODE_DEBUG, Node prints tokens and passwords", {
    remedy:
      "Unset `NODE_DEBUG`, or leave out patterns and `http`, `https`, `net`, `tls`, `undici` and `child_process`.",
  });
}

/** Returns a soft limit of `/proc/self/limits`. Node has raised that of open files to the hard limit. */
function limitOf(text: string, name: string): number {
  return Number(new RegExp(`^Max ${name} +(\\d+)`, "m").exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
}

function tooLow(what: string, command: string): QuantsmithError {
  return new QuantsmithError("QS-ENV-LIMIT", `the limit of ${what}`, { remedy: `Raise it with \`${command}\`.` });
}

function readLimits(): string {
  return readOrEmpty(() => readFileSync("/proc/self/limits", "utf8"));
}
