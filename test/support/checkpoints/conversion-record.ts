import { open, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { sha256, sha256File } from "../../../src/util/sha256.js";

/** What upstream's converter made of a checkpoint, in `test/fixtures/convert/<name>.json`. */
export interface ConversionRecord {
  /** Of the whole GGUF. */
  sha256: string;
  bytes: number;
  /** `key: type value` in the file's order; a long value as its length and digest. */
  metadata: readonly string[];
  /** `name: type [shape] digest` in the file's order. */
  tensors: readonly string[];
}

const longest = 200;

/** Describes a GGUF down to every byte, so that two that differ say where. */
export async function describeConversion(path: string): Promise<ConversionRecord> {
  const gguf = await readGguf(path);
  const file = await open(path);
  try {
    const tensors: string[] = [];
    for (const { name, type, shape, offset, bytes } of gguf.tensors) {
      const data = Buffer.alloc(bytes);
      await file.read(data, 0, bytes, offset);
      tensors.push(`${name}: ${type.name} [${shape.join(", ")}] ${sha256(data)}`);
    }
    const metadata = [...gguf.metadata].map(([key, value]) => `${key}: ${describeValue(value)}`);
    return { sha256: await sha256File(path), bytes: gguf.fileBytes, metadata, tensors };
  } finally {
    await file.close();
  }
}

function describeValue(value: GgufValue): string {
  const json = (content: unknown) =>
    JSON.stringify(content, (_, part) => (typeof part === "bigint" ? `${part}` : part));
  if (value.type !== "array") return `${value.type} ${shortened(json(value.value), `${value.value}`.length)}`;
  return `${value.itemType}[${value.items.length}] ${shortened(json(value.items), value.items.length)}`;
}

function shortened(text: string, length: number): string {
  return text.length <= longest ? text : `sha256 ${sha256(text)} of ${length}`;
}

export async function readRecord(name: string): Promise<ConversionRecord> {
  return JSON.parse(await readFile(recordFile(name), "utf8")) as ConversionRecord;
}

export async function writeRecord(name: string, record: ConversionRecord): Promise<void> {
  await writeFile(recordFile(name), `${JSON.stringify(record, null, 2)}\n`);
}

function recordFile(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/convert/${name}.json`, import.meta.url));
}
