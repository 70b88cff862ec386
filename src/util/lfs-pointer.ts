import { QuantsmithError } from "./errors.js";
import { quote } from "./quote.js";
import { openRegular } from "./regular-file.js";

/** Git LFS's specification limits pointers to 1024 bytes. */
const maxPointerBytes = 1024;
const pointer = /^version https:\/\/(?:git-lfs\.github\.com|hawser\.github\.com)\/spec\/v\d\r?\n/;

/** Whether content is a Git LFS pointer, which a clone without Git LFS has in place of a large file. */
export function isLfsPointer(content: Uint8Array): boolean {
  if (content.length > maxPointerBytes) return false;
  return pointer.test(Buffer.from(content.buffer, content.byteOffset, content.length).toString("latin1"));
}

/** Throws QS-LFS-POINTER if a file is a Git LFS pointer. Rejects as `openRegular`. */
export async function requireNoPointer(path: string): Promise<void> {
  const file = await openRegular(path);
  try {
    const content = Buffer.alloc(maxPointerBytes + 1);
    const { bytesRead } = await file.read(content, 0, content.length, 0);
    if (isLfsPointer(content.subarray(0, bytesRead))) throw lfsPointer(path);
  } finally {
    await file.close();
  }
}

/** Returns the error for a file that is a Git LFS pointer. */
export function lfsPointer(path: string): QuantsmithError {
  return new QuantsmithError("QS-LFS-POINTER", `${quote(path)} is a Git LFS pointer, not the file itself`, {
    remedy: "Fetch the file with `git lfs pull`, or download it from the Hub.",
    at: { file: path },
  });
}
