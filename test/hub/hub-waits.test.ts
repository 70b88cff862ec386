import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type HubWait, onHubWait, reportHubWait } from "../../src/hub/hub-waits.js";
import { listModel } from "../../src/hub/list-model.js";
import { RateLimiter } from "../../src/hub/rate-limiter.js";
import { connect } from "../fixtures/hub-client.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const waits: HubWait[] = [];
let stop: () => void;
beforeEach(() => {
  waits.length = 0;
  stop = onHubWait((wait) => waits.push(wait));
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

test.each([429, 503])(
  "a Retry-After of a %i is reported when the wait begins, once for all requests",
  async (status) => {
    const hub = await Hub.start();
    hub.faults = () => ({ kind: "status", status, headers: { "retry-after": "300" } });
    const interrupt = new AbortController();
    stop();
    stop = onHubWait((wait) => {
      waits.push(wait);
      interrupt.abort(new Error("interrupted"));
    });
    const connection = connect(hub, temporaryFolder());
    const listed = ["a", "b"].map((name) => listModel(connection, `org/${name}`, "main", interrupt.signal));
    for (const result of await Promise.allSettled(listed)) expect(result.status).toBe("rejected");
    await hub.close();
    expect(waits).toEqual([
      { why: expect.stringMatching(new RegExp(`^listing main of org/[ab]: .*${status}`)), seconds: 300 },
    ]);
  },
);

test("later requests report the rest of a wait; short waits and overlapping ones are not reported", async () => {
  const limiter = new RateLimiter();
  limiter.pause(60_000);
  const interrupt = new AbortController();
  const waiting = limiter.waitUntilReady(interrupt.signal);
  interrupt.abort(new Error("interrupted"));
  await expect(waiting).rejects.toThrow("interrupted");
  vi.useFakeTimers({ toFake: ["performance"], now: 0 });
  stop();
  stop = onHubWait((wait) => waits.push(wait));
  reportHubWait("short", 4999);
  reportHubWait("first", 20_000);
  reportHubWait("within the first", 15_000);
  reportHubWait("a little later", 24_000);
  vi.advanceTimersByTime(20_000);
  reportHubWait("second", 20_000);
  expect(waits).toEqual([
    { why: "the Hub's rate limit is reached (429)", seconds: 60 },
    { why: "first", seconds: 20 },
    { why: "second", seconds: 20 },
  ]);
});

test("the last listener gets the reports, until it is removed", () => {
  const others: HubWait[] = [];
  const stopOther = onHubWait((wait) => others.push(wait));
  reportHubWait("for the last", 10_000);
  stopOther();
  reportHubWait("for the first", 60_000);
  expect([others, waits].map((list) => list.map(({ why }) => why))).toEqual([["for the last"], ["for the first"]]);
});
