import { deflateSync } from "node:zlib";

/** What the bundled picture shows: a red disc above this word in black, on white. */
const word = "TIGER";
const side = 448;
const disc = { x: 224, y: 150, radius: 100, color: [220, 20, 20] };
/** Pixels of a dot of the font, and the upper left corner of the word. */
const dot = 14;
const corner = { x: 21, y: 310 };
const columns = 6;

/** Letters of 5 by 7 dots, a row of bits for each line. */
const font: Readonly<Record<string, readonly number[]>> = {
  T: [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
  I: [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
  G: [0b01110, 0b10001, 0b10000, 0b10111, 0b10001, 0b10001, 0b01110],
  E: [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111],
  R: [0b11110, 0b10001, 0b10001, 0b11110, 0b10100, 0b10010, 0b10001],
};

/** Returns the bundled picture as a PNG of 448 by 448 pixels. */
export function testPicture(): Buffer {
  const rows: Buffer[] = [];
  for (let y = 0; y < side; y++) {
    // A row begins with its filter: none.
    rows.push(Buffer.from([0]), Buffer.from(Array.from({ length: side }, (_, x) => colorAt(x, y)).flat()));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // 8 bits for each of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    ...[chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))],
  ]);
}

function colorAt(x: number, y: number): readonly number[] {
  if ((x - disc.x) ** 2 + (y - disc.y) ** 2 <= disc.radius ** 2) return disc.color;
  const column = Math.floor((x - corner.x) / dot);
  const line = Math.floor((y - corner.y) / dot);
  const bits = font[word[Math.floor(column / columns)] ?? ""]?.[line] ?? 0;
  return (bits >> (columns - 2 - (column % columns))) & 1 ? [0, 0, 0] : [255, 255, 255];
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const made = Buffer.alloc(body.length + 8);
  made.writeUInt32BE(data.length, 0);
  made.set(body, 4);
  made.writeUInt32BE(crc32(body), body.length + 4);
  return made;
}

/** The checksum of PNG; `zlib.crc32` is newer than the oldest supported Node. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
