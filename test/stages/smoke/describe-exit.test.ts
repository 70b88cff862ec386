import { homedir } from "node:os";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { describeExit, publicReason } from "../../../src/stages/smoke/describe-exit.js";
import { packageRoot } from "../../../src/util/package-root.js";
import type { SubprocessResult } from "../../../src/util/subprocess.js";

const folder = `/srv/my "own" models/it's s3cr3t (1)/scratch`;

test("the last output of a crashed process has no folders of this machine", () => {
  const stderr =
    "21: 0xfb v8::Isolate [/home/me/bin/node]\n    at file:///home/me/x/node_modules/a.js:3:1\nload /m/a.gguf: 1/2";
  const result = { exitCode: undefined, signal: "SIGABRT", stderr } as unknown as SubprocessResult;
  expect(describeExit(result, { folder, limits: {} }, "at prompt 1")).toBe(
    "its native code crashed (SIGABRT) at prompt 1: 21: 0xfb v8::Isolate [node]\n    at a.js:3:1\nload a.gguf: 1/2",
  );
});

test.each([
  [`cannot load ${folder}/model.gguf: bad magic`, "cannot load model.gguf: bad magic"],
  [`at ${pathToFileURL(`${folder}/x.js`).href}:1:2`, "at x.js:1:2"],
  [`{ path: ${JSON.stringify(`${folder}/model.gguf`)} }`, '{ path: "model.gguf" }'],
  [`no such folder: ${folder}`, "no such folder: "],
  [`open ${folder}2/model.gguf`, /^open .*model\.gguf$/],
  [`read ${homedir()}/a.txt`, "read a.txt"],
  [`at ${packageRoot.href}node_modules/node-llama-cpp/dist/a.js:1`, "at node_modules/node-llama-cpp/dist/a.js:1"],
  ["ENOENT: no such file, open '/other s3cr3t/folder/a b.gguf'", "ENOENT: no such file, open 'a b.gguf'"],
  ["see https://host.example/a/b and 1/2", "see https://host.example/a/b and 1/2"],
])("the reason %j of a failure is given without folders", (reason, expected) => {
  expect(publicReason(reason, folder)).toEqual(
    typeof expected === "string" ? expected : expect.stringMatching(expected),
  );
});

test("the reason of a failure has no tokens", () => {
  expect(publicReason("GET https://u:s3cr3t@host/x", folder)).not.toContain("s3cr3t");
});
