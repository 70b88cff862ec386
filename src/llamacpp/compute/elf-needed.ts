import { open } from "node:fs/promises";

/** Bytes read of one table at most; those of libraries are far smaller. */
const maxTableBytes = 1 << 20;
const dynamicSegment = 2;
const loadSegment = 1;
const neededTag = 1n;
const stringTableTag = 5n;

/**
 * Returns the names of the shared libraries that an ELF library requires (`DT_NEEDED`), in order. Returns an empty array
 * for a file that is not a little-endian 64-bit ELF file.
 */
export async function readNeeded(file: string): Promise<string[]> {
  const handle = await open(file, "r");
  const read = async (start: number, bytes: number) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(bytes, maxTableBytes)), { position: start });
    return buffer.subarray(0, bytesRead);
  };
  try {
    const header = await read(0, 64);
    if (header.length < 64 || header.toString("latin1", 0, 6) !== "\x7fELF\x02\x01") return [];
    const entryBytes = header.readUInt16LE(54);
    const table = await read(Number(header.readBigUInt64LE(32)), entryBytes * header.readUInt16LE(56));
    const segments: Segment[] = [];
    for (let at = 0; entryBytes >= 56 && at + 56 <= table.length; at += entryBytes) {
      segments.push({
        type: table.readUInt32LE(at),
        offset: Number(table.readBigUInt64LE(at + 8)),
        address: Number(table.readBigUInt64LE(at + 16)),
        bytes: Number(table.readBigUInt64LE(at + 32)),
      });
    }
    const dynamic = segments.find(({ type }) => type === dynamicSegment);
    if (dynamic === undefined) return [];
    const { needed, strings } = readDynamic(await read(dynamic.offset, dynamic.bytes));
    const holder = segments.find(
      ({ type, address, bytes }) => type === loadSegment && strings >= address && strings < address + bytes,
    );
    if (holder === undefined) return [];
    const names = await read(strings - holder.address + holder.offset, maxTableBytes);
    return needed.map((start) => names.toString("utf8", start, Math.max(start, names.indexOf(0, start))));
  } finally {
    await handle.close();
  }
}

interface Segment {
  type: number;
  offset: number;
  address: number;
  bytes: number;
}

/** Returns the offsets of the required names in the string table, and that table's address. */
function readDynamic(entries: Buffer): { needed: number[]; strings: number } {
  const needed: number[] = [];
  let strings = -1;
  for (let at = 0; at + 16 <= entries.length; at += 16) {
    const tag = entries.readBigInt64LE(at);
    const value = Number(entries.readBigUInt64LE(at + 8));
    if (tag === 0n) break;
    if (tag === neededTag) needed.push(value);
    if (tag === stringTableTag) strings = value;
  }
  return { needed, strings };
}
