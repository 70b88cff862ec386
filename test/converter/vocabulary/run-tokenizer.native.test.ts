import { describe, expect, test } from "vitest";
import { NativeUnsupportedError } from "../../../src/converter/native-errors.js";
import { runTokenizer } from "../../../src/converter/vocabulary/run-tokenizer.js";
import type { Pretokenizers } from "../../../src/llamacpp/toolchain/pretokenizers.js";
import type { JsonObject } from "../../../src/util/canonical-json.js";
import { isRunning } from "../../../src/util/is-running.js";
import { failureOf } from "../../fixtures/failure.js";
import { processIn } from "../../fixtures/smoke-model.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { smallBpe } from "../../fixtures/tokenizer/small-bpe.js";
import { until } from "../../fixtures/until.js";

/* The child process that runs a model's tokenizer, with hostile regular expressions. */
const work = temporaryFolder();
const context = { work, signal: new AbortController().signal };
const limits = { seconds: 1, memoryBytes: 150e6 };
const known = (checkText: string): Pretokenizers => ({ checkText, names: {}, patterns: {} });

/** A tokenizer that splits by a regular expression, or in another way. */
function splitting(expression: string, change: object = {}): JsonObject {
  const pre_tokenizer = {
    type: "Split",
    pattern: { Regex: expression },
    behavior: "Isolated",
    invert: false,
  };
  return { ...smallBpe().tokenizer, pre_tokenizer, ...change } as JsonObject;
}

const endless = splitting("(.+)+\\u0000");

describe("a tokenizer is ended at a limit while this process continues", () => {
  const growing = { type: "Sequence", normalizers: Array(40).fill(replace("a", "aaaa")) };
  test.each([
    ["an expression that takes exponential time", endless, "h".repeat(200), /does not finish within 1 seconds/, 1],
    ["a text that doubles", splitting("b", { normalizer: growing }), "a", /150 MB of memory/, 60],
  ])("%s", async (_what, tokenizer, checkText, message, seconds) => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const found = await failureOf(runTokenizer(tokenizer, known(checkText), context, { ...limits, seconds }));
    clearInterval(timer);
    // auto then uses llama.cpp's converter.
    expect(found).toBeInstanceOf(NativeUnsupportedError);
    expect(found).toMatchObject({ code: "QS-CONVERT-TOKENIZER", message: expect.stringMatching(message) });
    expect(ticks).toBeGreaterThan(0);
  });
});

test("an invalid expression is an error of the tokenizer", async () => {
  const found = await failureOf(runTokenizer(splitting("("), known("hello"), context));
  expect(found).toMatchObject({ code: "QS-CONVERT-TOKENIZER", message: expect.stringContaining("rejects it") });
});

test("an abort ends the process", async () => {
  const abort = new AbortController();
  const run = runTokenizer(endless, known("h".repeat(200)), { work, signal: abort.signal });
  run.catch(() => {});
  const pid = await until(() => running());
  abort.abort(new Error("interrupted"));
  await expect(run).rejects.toThrow("interrupted");
  await until(() => !isRunning(pid));
});

function replace(from: string, content: string): object {
  return { type: "Replace", pattern: { String: from }, content };
}

/** The id of the child, once it has started. */
function running(): number | undefined {
  try {
    return processIn(work);
  } catch {
    return undefined;
  }
}
