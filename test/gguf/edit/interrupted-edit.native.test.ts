import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { editGguf } from "../../../src/gguf/edit/edit-gguf.js";
import { journalPath } from "../../../src/gguf/edit/header-journal.js";
import { encodeHeader } from "../../../src/gguf/encode-header.js";
import type { GgufValue } from "../../../src/gguf/gguf.js";
import { metadataString } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import { ggmlTypeByName } from "../../../src/quant/ggml-types.js";
import { sha256 } from "../../../src/util/sha256.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { until } from "../../fixtures/until.js";

// Processes of the built program that end or stop while they overwrite a header.
const program = fileURLToPath(new URL("../../fixtures/edit-stopped-child.mjs", import.meta.url));
const base = temporaryFolder();
const isRoot = process.getuid?.() === 0;
let path: string;
let journal: string;
let original: Buffer;

beforeEach(() => {
  path = join(mkdtempSync(join(base, "model-")), "model.gguf");
  journal = journalPath(path);
  original = model("o");
  writeFileSync(path, original);
});

/** A model with a chat template of 20000 times one character; all have the same size. */
function model(character: string): Buffer {
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: "llama" }],
    ["general.name", { type: "string", value: "Old" }],
    ["tokenizer.chat_template", { type: "string", value: character.repeat(20_000) }],
  ]);
  const type = ggmlTypeByName("F32");
  if (type === undefined) throw new Error("no F32");
  const { bytes, fileBytes } = encodeHeader({ metadata, tensors: [{ name: "a", shape: [7, 3], type }] });
  return Buffer.concat([bytes, Buffer.alloc(fileBytes - bytes.length, 0xa5)]);
}

const edit = (options = {}) => editGguf(path, [{ kind: "set", key: "general.name", text: "New" }], options);
const template = async () => metadataString(await readGguf(path), "tokenizer.chat_template")?.[0];
const files = () => readdirSync(dirname(path));

/** Starts an edit of the template that is killed or paused as it writes the header; resolves at that moment. */
async function startEdit(...mode: string[]): Promise<{ child: ChildProcess; go: () => Promise<string> }> {
  const child = spawn(process.execPath, [program, path, ...mode], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe("writing");
  const go = async () => {
    child.stdin.end("go\n");
    return (await lines.next()).value;
  };
  return { child, go };
}

/** Leaves the journal of an edit that was killed after some bytes of the header. */
async function killedEdit(bytes: number): Promise<void> {
  const { child } = await startEdit("killed", `${bytes}`);
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(existsSync(journal)).toBe(true);
}

/** Expects that the next edit refuses the journal, and changes no file. */
async function expectRefused(reason: RegExp): Promise<void> {
  const before = readFileSync(path);
  const names = files().filter((name) => !name.endsWith("-lock"));
  const error = await edit().catch((cause: unknown) => cause);
  expect(error).toMatchObject({
    code: "QS-EDIT-JOURNAL",
    message: expect.stringMatching(reason),
    at: { file: journal },
  });
  expect((error as Error).message).toContain(journal);
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(files()).toEqual(names);
}

describe("the next edit", () => {
  test("completes a header that was partly written", async () => {
    await killedEdit(5000);
    await edit();
    expect([await template(), metadataString(await readGguf(path), "general.name")]).toEqual(["k", "New"]);
    expect(readFileSync(path).subarray(-64)).toEqual(original.subarray(-64));
    expect(files()).toEqual(["model.gguf"]);
  });

  test("drops an edit of which nothing was written", async () => {
    await killedEdit(0);
    await edit();
    expect([await template(), files()]).toEqual(["o", ["model.gguf"]]);
  });

  test("drops the journal if the user has restored the file", async () => {
    await killedEdit(5000);
    writeFileSync(path, original);
    await edit();
    expect([await template(), files()]).toEqual(["o", ["model.gguf"]]);
  });

  test.each<[string, RegExp, () => void]>([
    ["another version restored in place", /changed since/, () => writeFileSync(path, model("r"))],
    ["a file of the same size in its place", /another file/, () => replaceBy(model("r"))],
    ["a file of another size", /another file/, () => writeFileSync(path, Buffer.concat([original, original]))],
  ])("refuses the journal after a change: %s", async (_, reason, change) => {
    await killedEdit(5000);
    change();
    await expectRefused(reason);
    rmSync(journal);
    await edit();
  });

  test.each<[string, RegExp, () => void]>([
    ["writable by its group", /others can write/, () => chmodSync(journal, 0o620)],
    ["writable by everybody", /others can write/, () => chmodSync(journal, 0o602)],
    ["with another hard link", /hard links/, () => linkSync(journal, `${journal}-link`)],
    ["a link", /symbolic link/, () => link()],
    ["damaged", /damaged/, () => writeFileSync(journal, readFileSync(journal).fill(0, 9000, 9001))],
    ["empty", /damaged/, () => writeFileSync(journal, "")],
    ["large", /version/, () => writeFileSync(journal, Buffer.alloc(10 * original.length))],
    ["written for another content of the file", /changed since/, () => plant("Z".repeat(original.length))],
    ["of a former version", /damaged/, () => plantFormer()],
  ])("refuses a journal that is %s", async (_, reason, change) => {
    await killedEdit(5000);
    change();
    await expectRefused(reason);
  });

  test.runIf(isRoot)("refuses a journal of another user", async () => {
    await killedEdit(5000);
    chownSync(journal, 65534, 65534);
    await expectRefused(/another user/);
  });
});

function replaceBy(content: Buffer): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

function link(): void {
  const elsewhere = join(base, `journal-of-${basename(dirname(path))}`);
  copyFileSync(journal, elsewhere);
  rmSync(journal);
  symlinkSync(elsewhere, journal);
}

/** A valid journal, for the whole file. */
function plant(header: string): void {
  const content = Buffer.from(header + header);
  const { ino, size } = statSync(path);
  const head = { format: 2, inode: `${ino}`, fileBytes: size, headerBytes: header.length, sha256: sha256(content) };
  writeFileSync(journal, Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), content]));
}

function plantFormer(): void {
  const header = "Z".repeat(original.length);
  const { ino, size } = statSync(path);
  const head = { format: 1, inode: `${ino}`, fileBytes: size, sha256: sha256(header) };
  writeFileSync(journal, `${JSON.stringify(head)}\n${header}`);
}

describe("an edit that is stopped before it writes the header", () => {
  test("keeps its lock: the next edit waits, and both are applied", async () => {
    const { go } = await startEdit("paused");
    let waits = 0;
    const next = edit({ onWait: () => waits++ });
    await until(() => waits === 1);
    expect(await go()).toBe("done");
    await next;
    expect([await template(), metadataString(await readGguf(path), "general.name")]).toEqual(["k", "New"]);
    expect(files()).toEqual(["model.gguf"]);
  });

  test.each([
    ["in place", "New"],
    ["by a rewrite", "N".repeat(40_000)],
  ])("writes nothing if another machine took its lock over and edited the file %s", async (_, name) => {
    const { go } = await startEdit("paused");
    rmSync(join(dirname(path), `.${basename(path)}.quantsmith-lock`), { recursive: true });
    await editGguf(path, [{ kind: "set", key: "general.name", text: name }]);
    const after = readFileSync(path);
    expect(await go()).toBe("QS-EDIT-CHANGED");
    expect(readFileSync(path).equals(after)).toBe(true);
    expect([await template(), files()]).toEqual(["o", ["model.gguf"]]);
  });

  test("writes nothing if the user has replaced or overwritten the file", async () => {
    for (const change of [() => replaceBy(model("r")), () => writeFileSync(path, model("s"))]) {
      const { go } = await startEdit("paused");
      change();
      const after = readFileSync(path);
      expect(await go()).toBe("QS-EDIT-CHANGED");
      expect(readFileSync(path).equals(after)).toBe(true);
      expect(files()).toEqual(["model.gguf"]);
    }
  });
});
