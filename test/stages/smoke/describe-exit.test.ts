import { expect, test } from "vitest";
import { describeExit } from "../../../src/stages/smoke/describe-exit.js";
import type { SubprocessResult } from "../../../src/util/subprocess.js";

test("the last output of a crashed process has no folders of this machine", () => {
  const stderr =
    "21: 0xfb v8::Isolate [/home/me/bin/node]\n    at file:///home/me/x/node_modules/a.js:3:1\nload /m/a.gguf: 1/2";
  const result = { exitCode: undefined, signal: "SIGABRT", stderr } as unknown as SubprocessResult;
  expect(describeExit(result, {}, "at prompt 1")).toBe(
    "its native code crashed (SIGABRT) at prompt 1: 21: 0xfb v8::Isolate [node]\n    at a.js:3:1\nload a.gguf: 1/2",
  );
});
