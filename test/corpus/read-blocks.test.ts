import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBlocks } from "../../src/corpus/read-blocks.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = temporaryFolder();
function file(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

test("a plain file is one block, each record is a block with its line", async () => {
  expect(await readBlocks(file("a.txt", "one\n\ntwo"))).toEqual([{ line: 1, text: "one\n\ntwo" }]);
  const messages = [{ role: "user", content: "x" }];
  const records = file("a.jsonl", `{"text":"one","more":1}\n\n${JSON.stringify({ messages })}\n`);
  expect(await readBlocks(records)).toEqual([
    { line: 1, text: "one" },
    { line: 3, text: "x", conversation: messages },
  ]);
});

test.each([
  ["invalid UTF-8", "b.txt", Buffer.from([0xff, 0xfe, 0x41]), "QS-TEXT-ENCODING", undefined],
  ["a binary file", "c.txt", Buffer.from("GGUF\0\0\0"), "QS-TEXT-BINARY", undefined],
  ["a line of invalid JSON", "d.jsonl", '{"text":"a"}\nnothing\n', "QS-TEXT-RECORD", 2],
  ["a record without text", "e.jsonl", '{"content":"a"}\n', "QS-TEXT-RECORD", 1],
  ["messages without content", "f.jsonl", '{"messages":[{"role":"user"}]}\n', "QS-TEXT-RECORD", 1],
])("%s is rejected with its place", async (_what, name, content, code, line) => {
  const path = file(name, content);
  const error = await failureOf(readBlocks(path));
  expect(error).toMatchObject({ code, at: { file: path, ...(line === undefined ? {} : { line }) } });
});
