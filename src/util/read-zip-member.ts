import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";

const inflate = promisify(inflateRaw);
const signatures = { entry: 0x02014b50, local: 0x04034b50, end: 0x06054b50 } as const;
/** The end record and the longest comment after it. */
const endBytes = 22 + 65_535;
/** No text is longer, and a small archive that unpacks to more is an attack. */
const maxBytes = 2 ** 30;

/**
 * One file of a ZIP archive, which is in memory; undefined when the archive has none of that name. Rejects with a plain
 * Error for an archive that is damaged, encrypted, in several parts, packed in a way other than deflate, or too large.
 * After PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
 */
export async function readZipMember(archive: Buffer, name: string): Promise<Buffer | undefined> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end < archive.length - endBytes || end + 22 > archive.length) throw new Error("it is no ZIP archive");
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== signatures.entry)
      throw new Error("its index is damaged");
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString("utf8", at + 46, at + 46 + nameLength) === name) return unpack(archive, at);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return undefined;
}

/** Unpacks the file whose entry in the index begins at `entry`. */
async function unpack(archive: Buffer, entry: number): Promise<Buffer> {
  const flags = archive.readUInt16LE(entry + 8);
  const method = archive.readUInt16LE(entry + 10);
  const packed = archive.readUInt32LE(entry + 20);
  const bytes = archive.readUInt32LE(entry + 24);
  const local = archive.readUInt32LE(entry + 42);
  if ((flags & 1) !== 0) throw new Error("the file in it is encrypted");
  if (bytes > maxBytes) throw new Error("the file in it is too large");
  if (local + 30 > archive.length || archive.readUInt32LE(local) !== signatures.local) {
    throw new Error("its index is damaged");
  }
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const data = archive.subarray(start, start + packed);
  if (data.length !== packed || (method !== 0 && method !== 8)) throw new Error("the file in it cannot be unpacked");
  const content = method === 0 ? data : await inflate(data, { maxOutputLength: Math.max(1, bytes) });
  if (content.length !== bytes) throw new Error("the file in it is cut");
  return content;
}
