import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { readZipMember } from "../../src/util/read-zip-member.js";
import { zip } from "../fixtures/zip.js";

const text = Buffer.from("the same line\n".repeat(500));

test("finds a file by its whole path, deflated or stored", async () => {
  const archive = zip({ "a.txt": Buffer.from("first"), "folder/b.txt": text });
  expect(archive.length).toBeLessThan(text.length);
  expect(await readZipMember(archive, "folder/b.txt")).toEqual(text);
  expect(await readZipMember(archive, "a.txt")).toEqual(Buffer.from("first"));
  expect(await readZipMember(archive, "b.txt")).toBeUndefined();
});

test.each([
  ["no archive", Buffer.from("plain text"), /no ZIP/],
  ["a cut archive", zip({ "a.txt": text }).subarray(20), /damaged/],
  ["an encrypted file", zip({ "a.txt": text }, { flags: 1 }), /encrypted/],
  ["another packing", zip({ "a.txt": text }, { method: 12 }), /unpacked/],
  ["a bomb", zip({ "a.txt": text }, { bytes: 10 }), /./],
  ["a file shorter than promised", zip({ "a.txt": text }, { bytes: text.length + 1 }), /cut/],
])("%s is refused", async (_what, archive, message) => {
  await expect(readZipMember(archive, "a.txt")).rejects.toThrow(message);
});

test("damage anywhere ends in an error or in other content, never in a crash of another kind", async () => {
  const archive = zip({ "a.txt": text });
  expect(deflateRawSync(text).length).toBeLessThan(archive.length);
  for (let at = 0; at < archive.length; at++) {
    const damaged = Buffer.from(archive);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    await readZipMember(damaged, "a.txt").catch((error: unknown) => expect(error).toBeInstanceOf(Error));
  }
});
