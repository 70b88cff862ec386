import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import type { MetadataEdit } from "../../../src/gguf/edit/change-metadata.js";
import { editGguf } from "../../../src/gguf/edit/edit-gguf.js";
import { encodeHeader } from "../../../src/gguf/encode-header.js";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { metadataString } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { ggmlTypeByName } from "../../../src/quant/ggml-types.js";
import { sha256 } from "../../../src/util/sha256.js";
import { buildGguf, completeMetadata } from "../../fixtures/gguf-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const type = ggmlTypeByName("F32");
if (type === undefined) throw new Error("no F32");
const text = (value: string): GgufValue => ({ type: "string", value });
const metadata = new Map<string, GgufValue>([
  ["general.architecture", text("llama")],
  ["general.name", text("Old name")],
  ["general.file_type", { type: "uint32", value: 0 }],
  ["general.tags", { type: "array", itemType: "string", items: ["a"] }],
  ["tokenizer.chat_template", text("x".repeat(20_000))],
  ["llama.big", { type: "uint64", value: 2n ** 60n }],
  ["llama.on", { type: "bool", value: true }],
  ["llama.ratio", { type: "float32", value: 0.5 }],
]);

let path: string;
const home = temporaryFolder();
let count = 0;

beforeEach(() => {
  const tensors = ["a", "b"].map((name) => ({ name, shape: [7, 3], type }));
  const header = encodeHeader({ metadata, tensors });
  const data = Buffer.alloc(header.fileBytes - header.bytes.length, 0xa5);
  path = join(home, `model-${count++}.gguf`);
  writeFileSync(path, Buffer.concat([header.bytes, data]));
});

/** Digest of every tensor's bytes. */
async function tensorData(file: string): Promise<string[]> {
  const bytes = readFileSync(file);
  return (await readGguf(file)).tensors.map(
    ({ name, offset, bytes: length }) => `${name} ${sha256(bytes.subarray(offset, offset + length))}`,
  );
}

const set = (key: string, value: string, valueType?: string): MetadataEdit => ({
  ...{ kind: "set", key, text: value },
  ...(valueType === undefined ? {} : { type: valueType }),
});
const leftovers = (file: string) => readdirSync(dirname(file)).filter((name) => name.includes(`${basename(file)}.q`));

describe("an edit", () => {
  test("that fits writes only the header; tensors keep their offsets and bytes", async () => {
    const [before, { dataOffset }] = [await tensorData(path), await readGguf(path)];
    const inode = statSync(path).ino;
    const short = await editGguf(path, [set("tokenizer.chat_template", "short"), set("general.name", "New")]);
    expect(short.how).toBe("header");
    const gguf = await readGguf(path);
    expect([gguf.dataOffset, statSync(path).ino]).toEqual([dataOffset, inode]);
    expect([metadataString(gguf, "tokenizer.chat_template"), metadataString(gguf, "general.name")]).toEqual([
      "short",
      "New",
    ]);
    // Freed space can be used again, to the last byte.
    const long = await editGguf(path, [set("tokenizer.chat_template", "y".repeat(19_000))]);
    expect(long.how).toBe("header");
    const back = [set("tokenizer.chat_template", "x".repeat(20_000)), set("general.name", "Old name")];
    expect((await editGguf(path, back)).how).toBe("header");
    expect((await readGguf(path)).metadata).toEqual(metadata);
    expect(await tensorData(path)).toEqual(before);
    expect(leftovers(path)).toEqual([]);
  });

  test("that does not fit rewrites the file, with the same mode and the same tensor data", async () => {
    const before = await tensorData(path);
    chmodSync(path, 0o640);
    const result = await editGguf(path, [set("tokenizer.chat_template", "z".repeat(30_000))]);
    expect(result.how).toBe("rewritten");
    expect(await tensorData(path)).toEqual(before);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(leftovers(path)).toEqual([]);
  });

  test.each([false, true])(
    "that rewrites the file keeps bytes behind the last tensor; to another file: %s",
    async (toOther) => {
      const more = Buffer.alloc(5_000_000, "somebody's own bytes ");
      appendFileSync(path, more);
      const [data, { tensors }] = [await tensorData(path), await readGguf(path)];
      const behind = readFileSync(path).subarray((tensors.at(-1)?.offset ?? 0) + (tensors.at(-1)?.bytes ?? 0));
      const out = toOther ? `${path}.tail` : undefined;
      const edit = set("tokenizer.chat_template", "z".repeat(30_000));
      const { how, fileBytes } = await editGguf(path, [edit], out === undefined ? {} : { out });
      const edited = readFileSync(out ?? path);
      expect([how, fileBytes, await tensorData(out ?? path)]).toEqual(["rewritten", edited.length, data]);
      expect(edited.subarray(-behind.length).equals(behind)).toBe(true);
    },
  );

  test.runIf(process.getuid?.() === 0).each([false, true])(
    "that rewrites the file keeps its owner and group, and nobody else reads it before; to another file: %s",
    async (toOther) => {
      const out = toOther ? `${path}.private` : undefined;
      chmodSync(path, 0o600);
      chownSync(path, 65534, 65534);
      const modes = new Set<number>();
      const onBytes = () => {
        const temporary = readdirSync(home).find((name) =>
          name.startsWith(`.${basename(out ?? path)}.quantsmith-new.`),
        );
        modes.add(statSync(join(home, temporary ?? "")).mode & 0o777);
      };
      await editGguf(path, [set("general.name", "n".repeat(30_000))], { onBytes, ...(out !== undefined && { out }) });
      const { uid, gid, mode } = statSync(out ?? path);
      expect([uid, gid, mode & 0o777, [...modes]]).toEqual([65534, 65534, 0o600, [0o600]]);
    },
  );

  test("of a file with a hard link does not change the link", async () => {
    const twin = `${path}.twin`;
    linkSync(path, twin);
    const before = readFileSync(twin);
    expect((await editGguf(path, [set("tokenizer.chat_template", "short")])).how).toBe("rewritten");
    expect(readFileSync(twin).equals(before)).toBe(true);
    expect(metadataString(await readGguf(path), "tokenizer.chat_template")).toBe("short");
  });

  test("of a file that gets a hard link during the edit does not change the link", async () => {
    const twin = `${path}.twin`;
    const before = readFileSync(path);
    const edit = editGguf(path, [set("tokenizer.chat_template", "short")]);
    const hasJournal = () => readdirSync(home).some((name) => name.includes(`.${basename(path)}.quantsmith-edit.`));
    while (!hasJournal()) await setImmediate();
    linkSync(path, twin);
    expect((await edit).how).toBe("rewritten");
    expect(readFileSync(twin).equals(before)).toBe(true);
    expect([metadataString(await readGguf(path), "tokenizer.chat_template"), leftovers(path)]).toEqual(["short", []]);
  });

  test("to another file does not change the original, even without changes", async () => {
    const before = readFileSync(path);
    const out = `${path}.out`;
    await editGguf(path, [set("general.name", "Old name")], { out });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect([(await readGguf(out)).metadata, await tensorData(out)]).toEqual([metadata, await tensorData(path)]);
  });

  test("through a symbolic link edits the file and keeps the link", async () => {
    const folder = mkdirSync(`${path}-links`, { recursive: true }) ?? "";
    const link = join(folder, "link.gguf");
    symlinkSync(path, link);
    const long = [set("tokenizer.chat_template", "z".repeat(30_000))];
    expect(await editGguf(link, long)).toMatchObject({ how: "rewritten", path });
    expect((await editGguf(link, [set("general.name", "N")])).how).toBe("header");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(metadataString(await readGguf(path), "tokenizer.chat_template")).toHaveLength(30_000);
    expect([readdirSync(folder), leftovers(path)]).toEqual([["link.gguf"], []]);
  });

  test("to a folder, a missing folder or an existing file fails before anything is written", async () => {
    const folder = mkdirSync(`${path}-folder`, { recursive: true }) ?? "";
    const before = readFileSync(path);
    symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
    for (const out of [folder, path, join(folder, "dangling"), join(folder, "none", "out.gguf")]) {
      await expect(editGguf(path, [set("general.name", "N")], { out })).rejects.toMatchObject({ code: "QS-USAGE" });
    }
    expect(readFileSync(path).equals(before)).toBe(true);
    expect([readdirSync(folder), existsSync(join(folder, "none")), leftovers(path)]).toEqual([["dangling"], false, []]);
  });

  test("waits for concurrent edits, and all are applied", async () => {
    const before = await tensorData(path);
    let waits = 0;
    const onWait = () => waits++;
    const edits = [0, 1, 2, 3].map((turn) =>
      editGguf(path, [set(`mine.key${turn}`, "v".repeat(turn % 2 === 0 ? 9 : 30_000), "string")], { onWait }),
    );
    await Promise.all(edits);
    const found = (await readGguf(path)).metadata;
    expect([0, 1, 2, 3].map((turn) => found.has(`mine.key${turn}`))).toEqual([true, true, true, true]);
    expect([await tensorData(path), leftovers(path), waits]).toEqual([before, [], 3]);
  });

  test("to the same new file succeeds for one of two concurrent edits", async () => {
    const out = `${path}.once`;
    const results = await Promise.allSettled([1, 2].map((n) => editGguf(path, [set("general.name", `${n}`)], { out })));
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "QS-USAGE" } });
  });

  test("without changes writes nothing", async () => {
    const { mtimeNs } = statSync(path, { bigint: true });
    expect((await editGguf(path, [set("general.name", "Old name")])).how).toBe("unchanged");
    expect(statSync(path, { bigint: true }).mtimeNs).toBe(mtimeNs);
  });

  test("keeps the type of existing keys and infers that of common new ones", async () => {
    await editGguf(path, [
      ...[set("llama.big", "18446744073709551615"), set("llama.on", "false"), set("llama.ratio", "0.25")],
      ...[set("general.tags", '["b","c"]'), set("general.sampling.temp", "0.7"), set("general.sampling.top_k", "40")],
      ...[
        set("mine.count", "7", "int16"),
        set("mine.list", "[1,2]", "uint8[]"),
        { kind: "remove", key: "general.name" },
      ],
    ] as MetadataEdit[]);
    const found = (await readGguf(path)).metadata;
    expect(Object.fromEntries(found)).toMatchObject({
      "llama.big": { type: "uint64", value: 2n ** 64n - 1n },
      "llama.on": { type: "bool", value: false },
      "llama.ratio": { type: "float32", value: 0.25 },
      "general.tags": { type: "array", itemType: "string", items: ["b", "c"] },
      "general.sampling.temp": { type: "float32" },
      "general.sampling.top_k": { type: "int32", value: 40 },
      "mine.count": { type: "int16", value: 7 },
      "mine.list": { type: "array", itemType: "uint8", items: [1, 2] },
    });
    expect(found.has("general.name")).toBe(false);
  });
});

test.each<[MetadataEdit, string]>([
  [{ kind: "remove", key: "general.nothing" }, "QS-EDIT-KEY"],
  [set("general.alignment", "64"), "QS-EDIT-KEY"],
  [set("general.architecture", "qwen3"), "QS-EDIT-KEY"],
  [set("a key", "x"), "QS-EDIT-KEY"],
  [set("mine.new", "1"), "QS-EDIT-VALUE"],
  [set("mine.new", "1", "uint33"), "QS-EDIT-VALUE"],
  [set("general.file_type", "-1"), "QS-EDIT-VALUE"],
  [set("general.file_type", "4294967296"), "QS-EDIT-VALUE"],
  [set("general.file_type", "99"), "QS-EDIT-VALUE"],
  [set("llama.big", "1.5"), "QS-EDIT-VALUE"],
  [set("llama.on", "yes"), "QS-EDIT-VALUE"],
  [set("llama.ratio", "1e99"), "QS-EDIT-VALUE"],
  [set("general.tags", "b"), "QS-EDIT-VALUE"],
  [set("general.tags", '[["b"]]'), "QS-EDIT-VALUE"],
])("%j fails with %s and changes nothing", async (edit, code) => {
  const before = readFileSync(path);
  await expect(editGguf(path, [set("general.name", "N"), edit])).rejects.toMatchObject({ code });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a file of a Hugging Face cache is not edited, also through its link", async () => {
  const blobs = join(home, "models--org--name", "blobs");
  mkdirSync(blobs, { recursive: true });
  const blob = join(blobs, "0".repeat(64));
  renameSync(path, blob);
  symlinkSync(blob, path);
  const before = readFileSync(blob);
  await expect(editGguf(path, [set("general.name", "N")])).rejects.toMatchObject({ code: "QS-EDIT-READ-ONLY" });
  expect(readFileSync(blob).equals(before)).toBe(true);
  expect((await editGguf(path, [set("general.name", "N")], { out: join(home, "edited.gguf") })).how).toBe("rewritten");
});

test("read-only, invalid and missing files fail", async () => {
  chmodSync(path, 0o444);
  await expect(editGguf(path, [set("general.name", "N")])).rejects.toMatchObject({ code: "QS-EDIT-READ-ONLY" });
  expect((await editGguf(path, [set("general.name", "N")], { out: `${path}.copy` })).how).toBe("rewritten");
  const other = join(home, "other.gguf");
  writeFileSync(other, "not a model at all");
  await expect(editGguf(other, [set("general.name", "N")])).rejects.toMatchObject({ code: "QS-GGUF-INVALID" });
  await expect(editGguf(join(home, "none"), [set("a.b", "N")])).rejects.toMatchObject({ code: "QS-GGUF-MISSING" });
});

test("a file that appears at the path of `--out` during the edit stays", async () => {
  const out = `${path}.raced`;
  const edit = editGguf(path, [set("general.name", "N")], { out, onBytes: () => writeFileSync(out, "mine") });
  await expect(edit).rejects.toMatchObject({ code: "QS-USAGE" });
  expect([readFileSync(out, "utf8"), leftovers(out)]).toEqual(["mine", []]);
});

test("a file that changes while it is rewritten is not replaced", async () => {
  let bytes = readFileSync(path);
  const change = () => {
    bytes = Buffer.from(bytes);
    bytes[bytes.length - 1] = 1;
    writeFileSync(path, bytes);
  };
  const edit = editGguf(path, [set("tokenizer.chat_template", "z".repeat(30_000))], { onBytes: change });
  await expect(edit).rejects.toMatchObject({ code: "QS-EDIT-CHANGED", at: { file: path } });
  expect(readFileSync(path).equals(bytes)).toBe(true);
  expect(leftovers(path)).toEqual([]);
});

describe("temporary files of killed edits", () => {
  const id = "0123456789abcdef0123456789abcdef";
  const around = (end: string) => [
    `.${basename(path)}.quantsmith-new.${end}`,
    `..${basename(path)}.quantsmith-edit.77.${end}`,
  ];

  test("are removed by the next edit", async () => {
    for (const name of around(id)) writeFileSync(join(home, name), "half a model");
    expect(leftovers(path)).toHaveLength(2);
    await editGguf(path, [set("general.name", "N")]);
    expect(leftovers(path)).toEqual([]);
  });

  test("stay if they only look like them", async () => {
    for (const name of around("20261130")) writeFileSync(join(home, name), "mine");
    for (const name of around(id)) mkdirSync(join(home, name));
    await editGguf(path, [set("general.name", "N")]);
    expect(leftovers(path)).toHaveLength(4);
  });
});

test("a later part of a split model is not edited, since its metadata is not read", async () => {
  const later = join(temporaryFolder(), "s-00002-of-00003.gguf");
  const uint16 = (value: number): GgufValue => ({ type: "uint16", value });
  const parts = new Map([
    ["split.no", uint16(1)],
    ["split.count", uint16(3)],
  ]);
  const { bytes } = encodeHeader({ metadata: parts, tensors: [] });
  writeFileSync(later, bytes);
  const edit = editGguf(later, [{ kind: "set", key: "general.name", text: "x" }]);
  await expect(edit).rejects.toMatchObject({
    code: "QS-EDIT-PART",
    message: "the file is part 2 of 3; the metadata is in part 1",
    remedy: "Edit s-00001-of-00003.gguf.",
  });
  expect(readFileSync(later)).toEqual(bytes);
});

test("a file whose tensors are not contiguous is refused, since llama.cpp rejects it", async () => {
  const gap = join(temporaryFolder(), "gap.gguf");
  const tensors = [
    { name: "a", shape: [8] },
    { name: "b", shape: [8], offset: 64 },
  ];
  writeFileSync(gap, buildGguf({ metadata: completeMetadata, tensors, trailing: 64 }));
  const before = readFileSync(gap);
  const edit = editGguf(gap, [{ kind: "set", key: "general.name", text: "x" }]);
  await expect(edit).rejects.toMatchObject({ code: "QS-GGUF-INVALID", message: expect.stringContaining("tensor-gap") });
  expect(readFileSync(gap)).toEqual(before);
});
