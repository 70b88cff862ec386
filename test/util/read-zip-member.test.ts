import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { readZipMember } from "../../src/util/read-zip-member.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { zip } from "../fixtures/zip.js";

const folder = temporaryFolder();

/** Returns a member of the archive with this content. */
function member(archive: Buffer, name: string): Promise<Buffer | undefined> {
  const path = join(folder, "archive.zip");
  writeFileSync(path, archive);
  return readZipMember(path, name);
}

const text = Buffer.from("the same line\n".repeat(500));

test("finds a file by its full path, deflated or stored", async () => {
  const archive = zip({ "a.txt": Buffer.from("first"), "folder/b.txt": text });
  expect(archive.length).toBeLessThan(text.length);
  expect(await member(archive, "folder/b.txt")).toEqual(text);
  expect(await member(archive, "a.txt")).toEqual(Buffer.from("first"));
  expect(await member(archive, "b.txt")).toBeUndefined();
});

test("reads the ZIP64 sizes of large archives", async () => {
  const archive = zip({ "a.txt": Buffer.from("first"), "b.txt": text }, { zip64: true });
  expect(await member(archive, "b.txt")).toEqual(text);
});

test.each([
  ["no archive", Buffer.from("plain text"), /not a zip file/],
  ["a cut archive", zip({ "a.txt": text }).subarray(20), /invalid|unexpected/],
  ["an encrypted file", zip({ "a.txt": text }, { flags: 1 }), /encrypted/],
  ["another packing", zip({ "a.txt": text }, { method: 12 }), /compression method: 12/],
  ["a file that is too large", zip({ "a.txt": text }, { bytes: 2 ** 31 }), /too large/],
  ["one of more than 4 GiB", zip({ "a.txt": text }, { bytes: 2 ** 40, zip64: true }), /too large/],
  ["a bomb", zip({ "a.txt": text }, { bytes: 10 }), /too many bytes/],
  ["a file shorter than promised", zip({ "a.txt": text }, { bytes: text.length + 1 }), /not enough bytes/],
])("%s is rejected", async (_what, archive, message) => {
  await expect(member(archive, "a.txt")).rejects.toThrow(message);
});

test("any damage results in an error or other content, never in a crash", async () => {
  const archive = zip({ "a.txt": text });
  expect(deflateRawSync(text).length).toBeLessThan(archive.length);
  for (let at = 0; at < archive.length; at++) {
    const damaged = Buffer.from(archive);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    await member(damaged, "a.txt").catch((error: unknown) => expect(error).toBeInstanceOf(Error));
  }
});
