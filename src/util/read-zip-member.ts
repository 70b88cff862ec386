import { buffer } from "node:stream/consumers";
import { type Entry, openPromise, type ZipFile } from "yauzl";

/** Above any text; a small archive that unpacks to more is an attack. */
const maxBytes = 2 ** 30;

/**
 * Returns one file of the ZIP archive at `path`; undefined if the archive does not contain it. Rejects with a plain
 * Error for an archive that is damaged, encrypted, multi-part, compressed by another method than deflate, or too large.
 */
export async function readZipMember(path: string, name: string): Promise<Buffer | undefined> {
  // Names are compared as UTF-8: most programs write UTF-8, but not all of them set its flag.
  const archive = await openPromise(path, { decodeStrings: false });
  for await (const entry of archive.eachEntry()) {
    if (entry.fileNameRaw.toString("utf8") === name) return unpack(archive, entry);
  }
  return undefined;
}

async function unpack(archive: ZipFile, entry: Entry): Promise<Buffer> {
  if (entry.isEncrypted()) throw new Error("the file in it is encrypted");
  if (entry.uncompressedSize > maxBytes) throw new Error("the file in it is too large");
  // yauzl stops at the size in the archive's index.
  return buffer(await archive.openReadStreamPromise(entry));
}
