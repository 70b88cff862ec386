import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildSafetensors, rawSafetensors } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const limitBytes = 200_000_000;
const config = '{"architectures":["X"]}';
const shard = "model-00001-of-00001.safetensors";
/** Size limits of header and index. */
const headerBytes = 25_000_000;
const indexBytes = 24 * 2 ** 20;

/** `{"<name>0": value, "<name>1": value, …}` without the last brace. */
function members(count: number, name: (index: number) => string, value: (index: number) => string): string {
  const parts: string[] = [];
  for (let index = 0; index < count; index++) parts.push(`"${name(index)}":${value(index)}`);
  return `{${parts.join(",")}`;
}

/** Returns a text truncated or padded with spaces to `bytes`. */
function exactly(text: string, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes, " ");
  buffer.write(text.slice(0, bytes));
  return buffer;
}

const span = (index: number) => `{"dtype":"BF16","shape":[1],"data_offsets":[${2 * index},${2 * index + 2}]}`;
const longName = (index: number) => `${"m".repeat(380)}.${index}`;
const badTensor = ',"last":{"dtype":"BF16","shape":[1],"data_offsets":[0,3]}}';

/** Headers at the size limit, or with a larger claimed length. */
const headers: Record<string, () => Buffer> = {
  brackets: () => rawSafetensors("[".repeat(headerBytes), 0),
  braces: () => rawSafetensors("{".repeat(headerBytes), 0),
  "nested objects": () => rawSafetensors('{"a":'.repeat(headerBytes / 5), 0),
  quotes: () => rawSafetensors('"'.repeat(headerBytes), 0),
  colons: () => rawSafetensors(":".repeat(headerBytes), 0),
  backslashes: () => rawSafetensors(`{"${"\\".repeat(headerBytes - 2)}`, 0),
  "empty lists": () => rawSafetensors(exactly(`{"a":[${"[],".repeat(8_000_000)}`, headerBytes), 0),
  "a shape of ones": () => rawSafetensors(`{"a":{"shape":[${"1,".repeat(12_000_000)}1]}}`, 0),
  "a shape of ones up to the limit": () => rawSafetensors(`{"a":{"shape":[${"1,".repeat(740_000)}1]}}`, 0),
  "numbers for tensors": () =>
    rawSafetensors(
      `${members(
        249_000,
        (i) => `k${i}`,
        () => "0",
      )}}`,
      0,
    ),
  "one name": () => rawSafetensors(`{"${"a".repeat(headerBytes - 6)}":1}`, 0),
  "one non-Latin name": () => rawSafetensors(`{"${"語".repeat(8_000_000)}":1}`, 0),
  "one name of escape sequences": () => rawSafetensors(`{"${"\\u8a9e".repeat(4_000_000)}":1}`, 0),
  "tensors up to the limit": () => rawSafetensors(members(49_000, longName, span) + badTensor, 2 * 49_000),
  "too many tensors": () => rawSafetensors(members(200_000, (i) => `${i}`, span) + badTensor, 400_000),
  "a number with a million digits": () => rawSafetensors(`{"a":${"9".repeat(1_000_000)}}`, 0),
  "invalid UTF-8": () => rawSafetensors(Buffer.alloc(headerBytes, 0xff), 0),
  "a length of 2^63": () => rawSafetensors("{}", 0, 2n ** 63n),
  "a length of 2^64 - 1": () => rawSafetensors("{}", 0, 2n ** 64n - 1n),
  "a length of one gigabyte": () => rawSafetensors("{}", 0, 1_000_000_000),
  nothing: () => Buffer.alloc(0),
  "seven bytes": () => Buffer.alloc(7),
  "a span of 2^53": () => rawSafetensors('{"a":{"dtype":"I8","shape":[9007199254740992],"data_offsets":[0,1]}}', 1),
  "a shape whose product is infinite": () =>
    rawSafetensors(`{"a":{"dtype":"I8","shape":[${"9007199254740991,".repeat(60)}1],"data_offsets":[0,1]}}`, 1),
  "a tensor beyond the end": () => rawSafetensors('{"a":{"dtype":"I8","shape":[9],"data_offsets":[0,9]}}', 8),
  "overlapping tensors": () => rawSafetensors(`{"a":${span(0)},"b":${span(0)}}`, 2),
  __proto__: () => rawSafetensors('{"__proto__":{"dtype":"I8"}}', 0),
};

const toShard = () => `"${shard}"`;

/** Indexes at the size limit, or with forbidden paths. */
const indexes: Record<string, () => Buffer> = {
  brackets: () => Buffer.alloc(indexBytes, "["),
  "too large": () => Buffer.alloc(indexBytes + 1, " "),
  "a list of empty texts": () => exactly(`{"weight_map":[${'"",'.repeat(8_000_000)}`, indexBytes),
  "tensors up to the limit, then invalid JSON": () =>
    exactly(`{"weight_map":${members(199_000, (i) => `${"m".repeat(60)}${i}`, toShard)}:`, indexBytes),
  "tensors up to the limit, then a path": () =>
    Buffer.from(`{"weight_map":${members(199_000, (i) => `${"m".repeat(60)}${i}`, toShard)},"z":"../x.safetensors"}}`),
  "one non-Latin name": () => Buffer.from(`{"weight_map":{"${"語".repeat(8_000_000)}":1}}`),
  "invalid UTF-8": () => Buffer.alloc(indexBytes, 0xff),
  ...Object.fromEntries(
    [
      "../x.safetensors",
      "/etc/x.safetensors",
      "a/b.safetensors",
      "..\\x.safetensors",
      "x.safetensors\0",
      "~/x.safetensors",
    ].map((name) => [
      `a shard named ${JSON.stringify(name)}`,
      () => Buffer.from(JSON.stringify({ weight_map: { a: name } })),
    ]),
  ),
};

const configs: Record<string, () => Buffer> = {
  brackets: () => Buffer.alloc(4 * 2 ** 20, "["),
  "too large": () => Buffer.alloc(4 * 2 ** 20 + 1, " "),
  "empty texts": () => Buffer.from(`[${'"",'.repeat(1_300_000)}""]`),
  "empty texts up to the limit": () => Buffer.from(`[${'"",'.repeat(390_000)}""]`),
  "lists up to the limit": () => Buffer.from(`[${"[],".repeat(99_000)}0]`),
  infinities: () => Buffer.from(`[${"-Infinity,".repeat(300_000)}0]`),
};

function folderWith(files: Record<string, Buffer | string>): string {
  const folder = mkdtempSync(join(base, "model-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const script = join(import.meta.dirname, "../fixtures/check-child.mjs");

/** Checks a folder in a separate process, so that garbage of one case does not count for the next. */
function check(folder: string): { outcome: string; peakBytes: number } {
  return JSON.parse(execFileSync(process.execPath, [script, folder], { encoding: "utf8" }));
}

const weights = buildSafetensors({ a: [4] });
const cases: [what: string, code: string, make: () => string][] = [
  ...Object.entries(headers).map(([what, make]): (typeof cases)[number] => [
    `a header of ${what}`,
    "QS-FETCH-SAFETENSORS",
    () => folderWith({ "config.json": config, "model.safetensors": make() }),
  ]),
  ...Object.entries(indexes).map(([what, make]): (typeof cases)[number] => [
    `an index of ${what}`,
    "QS-FETCH-INDEX",
    () => folderWith({ "config.json": config, [shard]: weights, "model.safetensors.index.json": make() }),
  ]),
  ...Object.entries(configs).map(([what, make]): (typeof cases)[number] => [
    `a configuration of ${what}`,
    "QS-FETCH-CONFIG",
    () => folderWith({ "config.json": make(), "model.safetensors": weights }),
  ]),
  ...["/etc/hostname", "..", "/dev/zero", "/dev/null"].map((target): (typeof cases)[number] => [
    `weights that link to ${target}`,
    "QS-FETCH-LINK",
    () => {
      const folder = folderWith({ "config.json": config });
      symlinkSync(target, join(folder, "model.safetensors"));
      return folder;
    },
  ]),
];

let peak = { what: "nothing", bytes: 0 };
afterAll(() => {
  console.log(`${cases.length} hostile checkpoints; peak memory ${(peak.bytes / 1e6).toFixed(0)} MB, for ${peak.what}`);
});

test.each(cases)("%s: %s, in less than 200 MB", (what, code, make) => {
  const folder = make();
  const { outcome, peakBytes } = check(folder);
  rmSync(folder, { recursive: true });
  expect(outcome).toBe(code);
  if (peakBytes > peak.bytes) peak = { what, bytes: peakBytes };
  expect(peakBytes).toBeLessThan(limitBytes);
});
