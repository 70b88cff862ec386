import { describe, expect, test } from "vitest";
import { TemporaryFailure } from "../../src/hub/hub-error.js";
import { defaultLimits } from "../../src/hub/limits.js";
import { parseRetryAfter, retry } from "../../src/hub/retry-policy.js";
import { TransferRate } from "../../src/hub/transfer-rate.js";
import { QuantsmithError } from "../../src/util/errors.js";

const limits = { ...defaultLimits, attempts: 4, firstDelayMs: 1, maxDelayMs: 4 };
const { signal } = new AbortController();
const failure = (retryAfterMs?: number) =>
  new TemporaryFailure(new QuantsmithError("QS-HUB-FAILED", "it failed", { remedy: "none" }), retryAfterMs);

describe("retry", () => {
  test("retries temporary failures up to the limit of attempts", async () => {
    let attempts = 0;
    const run = retry(limits, signal, async () => {
      attempts += 1;
      throw failure();
    });
    await expect(run).rejects.toMatchObject({ code: "QS-HUB-FAILED" });
    expect(attempts).toBe(4);
    expect(await retry(limits, signal, async () => (++attempts < 7 ? Promise.reject(failure()) : attempts))).toBe(7);
  });

  test("does not retry other errors, a too long Retry-After, or after an abort", async () => {
    let attempts = 0;
    const failing = (error: unknown) => async () => {
      attempts += 1;
      throw error;
    };
    await expect(retry(limits, signal, failing(new RangeError("bug")))).rejects.toThrow("bug");
    await expect(retry(limits, signal, failing(failure(3_600_000)))).rejects.toThrow("it failed");
    const stopped = AbortSignal.abort(new Error("stopped"));
    await expect(retry(limits, stopped, failing(failure()))).rejects.toThrow("stopped");
    expect(attempts).toBe(2);
  });
});

test.each([
  ["0", 0],
  ["120", 120_000],
  [" 7 ", 7000],
  ["Wed, 21 Oct 2015 07:28:10 GMT", 10_000],
  ["Wed, 21 Oct 2015 07:00:00 GMT", 0],
  ["soon", undefined],
  ["-1", undefined],
  [undefined, undefined],
])("Retry-After %j is %j ms", (header, expected) => {
  expect(parseRetryAfter(header, "Wed, 21 Oct 2015 07:28:00 GMT")).toBe(expected);
});

describe("the rate", () => {
  test("averages recent samples", () => {
    const rate = new TransferRate();
    rate.record(0, 0);
    expect(rate.describe(100)).toBe("");
    rate.record(5_000_000, 1000);
    expect(rate.describe(65_000_000)).toBe("5.00 MB/s, 12 s left");
    for (let second = 2; second <= 40; second++) rate.record(5_000_000 + (second - 1) * 1_000_000, second * 1000);
    expect(rate.describe(44_000_000 + 7_200_000_000)).toBe("1.00 MB/s, 2 h 0 min left");
  });

  test("restarts when the transferred bytes decrease", () => {
    const rate = new TransferRate();
    rate.record(0, 0);
    rate.record(50_000_000, 1000);
    rate.record(0, 2000);
    expect(rate.describe(100)).toBe("");
  });
});
