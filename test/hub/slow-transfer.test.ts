import { mkdtempSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hubConnection } from "../../src/hub/connection.js";
import { TemporaryFailure } from "../../src/hub/hub-error.js";
import { readBody } from "../../src/hub/read-body.js";
import { get, send } from "../../src/hub/request.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { settled, until } from "../fixtures/until.js";

/*
 * Servers that never stop sending, but send almost nothing: the connection is never silent. The clock of the rate limit
 * is set by the test.
 */
const home = temporaryFolder();
const minute = 60_000;
const subject = { doing: "downloading model.safetensors of org/model", repo: "org/model" };
const signal = new AbortController().signal;
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterEach(() => {
  vi.useRealTimers();
  server.closeAllConnections();
  server.close();
});

function connection() {
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return hubConnection({ HF_ENDPOINT: endpoint, HF_HOME: mkdtempSync(join(home, "hf-")) });
}

const request = () => ({ url: new URL(connection().endpoint), headers: {}, subject, signal });

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TemporaryFailure);
  return (error as TemporaryFailure).error.message;
}

test("a body below 1 kB/s for a minute is a stall", async () => {
  let body: ServerResponse | undefined;
  answer = (_request, response) => {
    body = response;
    response.writeHead(200, { "content-length": 1_000_000 }).write("a".repeat(100_000));
  };
  const answered = await get(connection(), request());
  const read = failure(readBody(answered, 2_000_000, subject));
  const received = () => answered.response.socket.bytesRead;
  for (const bytes of [100_000, 60_000, 59_000]) {
    const before = received();
    body?.write("a".repeat(bytes));
    await until(() => received() >= before + bytes);
    vi.advanceTimersByTime(minute);
  }
  expect(await read).toContain("only 59000 bytes were transferred in 60 s");
});

/** Advances the clock by minutes until the work ends. */
async function letMinutesPass(work: Promise<string>, eachMinute: () => void = () => undefined): Promise<string> {
  return until(() => {
    eachMinute();
    vi.advanceTimersByTime(minute);
    return Promise.race([work, new Promise<undefined>((done) => setTimeout(done, 10, undefined))]);
  });
}

test("a header that arrives one byte at a time is a stall; waiting for it is not", async () => {
  let held: ServerResponse | undefined;
  answer = (_request, response) => {
    held = response;
  };
  let ended = false;
  const answered = failure(get(connection(), request())).finally(() => {
    ended = true;
  });
  const { socket } = await until(() => held);
  for (let round = 0; round < 5; round++) vi.advanceTimersByTime(minute);
  await settled();
  expect(ended).toBe(false);
  socket?.write("HTTP/1.1 200 OK\r\nx-slow: ");
  expect(await letMinutesPass(answered, () => socket?.write("a"))).toMatch(/only \d+ bytes were transferred in 60 s/);
});

test("an upload that the server does not read is a stall", async () => {
  answer = (incoming) => void incoming.pause();
  const bytes = 64 * 2 ** 20;
  const open = () => Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(2 ** 20)));
  const sent = failure(send(connection(), { ...request(), method: "PUT", body: { bytes, open } }));
  expect(await letMinutesPass(sent)).toMatch(/only \d+ bytes were transferred in 60 s/);
});

test("the connection of an error with an endless body is closed, so that the program can end", async () => {
  let isClosed = false;
  answer = (_request, response) => {
    const write = () => {
      if (!isClosed) response.write(Buffer.alloc(2 ** 14), write);
    };
    response.on("close", () => {
      isClosed = true;
    });
    response.writeHead(503);
    write();
  };
  expect(await failure(get(connection(), request()))).toContain("503");
  await until(() => isClosed);
});
