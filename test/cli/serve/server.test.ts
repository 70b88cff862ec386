import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contentOf, type FileBody, fileAnswer } from "../../../src/cli/serve/answer.js";
import { startServer } from "../../../src/cli/serve/server.js";
import { Site } from "../../../src/cli/serve/site.js";
import { StatusFile } from "../../../src/queue/queue-status.js";
import { openRegular } from "../../../src/util/regular-file.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { hostileText } from "../../fixtures/hostile-text.js";
import { progress, runName, started, writeReleaseTo, writeRun } from "../../fixtures/output-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/* The pages over HTTP. */
const out = temporaryFolder();
const outside = put(join(temporaryFolder(), "secret.txt"), "secret");
const gone = runName(2 ** 30);
let served: Awaited<ReturnType<typeof startServer>>;

interface Reply {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Sends a request as it is, without the corrections of `fetch`. */
function send(path: string, { method = "GET", host = new URL(served.address).host } = {}): Promise<Reply> {
  const { port } = new URL(served.address);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers: { host }, agent: false }, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      reply.on("end", () => resolve({ status: reply.statusCode, headers: reply.headers, text }));
    });
    sent.on("error", reject).end();
  });
}

/** Requests a page with the token. */
const get = (path: string, options = {}) => send(`${new URL(served.address).pathname}${path}`, options);

beforeAll(async () => {
  served = await startServer(new Site(out, new AbortController().signal), 0);
});
afterAll(() => {
  served.server.close();
  served.server.closeAllConnections();
});

test("a file that grows or shrinks during the transfer never becomes part of the next answer", async () => {
  const path = put(join(temporaryFolder(), "m.gguf"), "a".repeat(100_000));
  const open = async () => (await fileAnswer(path, await openRegular(path))).body as FileBody;
  const grown = await open();
  appendFileSync(path, "HTTP/1.1 200 OK");
  expect(Buffer.concat(await Readable.from(contentOf(grown)).toArray()).toString()).toBe("a".repeat(100_000));
  const shrunk = await open();
  writeFileSync(path, "a");
  await expect(Readable.from(contentOf(shrunk)).toArray()).rejects.toThrow("shorter");
});

test("a folder without releases and runs, or that does not exist", async () => {
  expect((await get("")).text).toMatch(/No releases yet[\s\S]*No runs yet/);
  const site = new Site(join(out, "later"), new AbortController().signal);
  const { status } = await site.answer({ path: [], query: new URLSearchParams(), root: "./" });
  expect(status).toBe(200);
});

describe("access", () => {
  const file = "releases/safe/report.html";
  beforeAll(() => {
    const folder = writeReleaseTo(out, "safe", { extra: { "notes/a b.md": "# Notes" } });
    put(join(folder, ".env"), "secret");
    put(join(folder, "unlisted.txt"), "secret");
    rmSync(join(folder, "README.md"));
    symlinkSync(outside, join(folder, "README.md"));
    appendFileSync(join(folder, "SHA256SUMS"), `${"0".repeat(64)}  .env\n${"0".repeat(64)}  ../../secret.txt\n`);
    symlinkSync(join(outside, ".."), join(out, "releases", "linked"));
    put(join(out, "releases", ".hidden", "release.json"), "{}");
    put(join(out, "secret.txt"), "secret");
  });
  afterAll(() => rmSync(join(out, "releases"), { recursive: true }));

  test("needs the token and a name of this machine, for files too", async () => {
    const { pathname, port } = new URL(served.address);
    for (const path of [
      "/",
      "/favicon.ico",
      `/${file}`,
      `${pathname.slice(0, -2)}/${file}`,
      `${pathname.slice(0, -1)}x/`,
      "*",
    ]) {
      expect([path, (await send(path)).status]).toEqual([path, 403]);
    }
    for (const host of ["evil.example", `127.0.0.1.evil.example:${port}`, `evil.example:${port}`]) {
      const { status, text } = await get(file, { host });
      expect([host, status]).toEqual([host, 403]);
      expect(text).not.toContain("<html");
    }
    expect((await get(file, { host: `localhost:${port}` })).status).toBe(200);
    expect((await get(file)).status).toBe(200);
    expect((await send(`http://evil.example${pathname}`)).status).toBe(403);
    expect((await send(pathname.slice(0, -1))).headers.location).toBe(pathname);
  });

  test("only reads", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      expect((await get("", { method })).status).toBe(405);
    }
    const head = await get(file, { method: "HEAD" });
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  test.each([
    "releases/safe/../../secret.txt",
    "releases/safe/..%2f..%2fsecret.txt",
    "releases/safe/%2e%2e/%2e%2e/secret.txt",
    "releases/safe/..\\..\\secret.txt",
    "releases/../secret.txt",
    "releases/safe/.env",
    "releases/safe/unlisted.txt",
    "releases/safe/README.md",
    "releases/safe//report.html",
    "releases/safe/report.html%00.md",
    "releases/safe/%ff",
    "releases/linked/secret.txt",
    "releases/.hidden/release.json",
    "releases/constructor/release.json",
    "runs/..%2f..",
    "runs/safe",
    "card?release=safe",
    "card?release=linked",
    "store/x",
    "queue.json",
    "secret.txt",
  ])("refuses %s", async (path) => {
    const { status, text } = await get(path);
    expect(status).toBeOneOf([400, 404]);
    expect(text).not.toMatch(/^secret/);
  });

  test("lists and serves the files of a release, with rules that isolate them", async () => {
    const page = (await get("releases/safe/")).text;
    expect(page).toContain("../../releases/safe/notes/a%20b.md");
    expect(page).not.toMatch(/\.env|unlisted|README/);
    expect((await get("releases/safe/notes/a%20b.md")).text).toBe("# Notes");
    for (const [path, type, shown] of [
      [file, "text/html; charset=utf-8", true],
      ["releases/safe/assets/size.svg", "image/svg+xml", true],
      ["releases/safe/Example-Q8_0.gguf", "application/octet-stream", false],
    ] as const) {
      const { headers } = await get(path, { method: "HEAD" });
      expect(headers["content-type"]).toBe(type);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none';.* sandbox allow-scripts$/);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-disposition"]).toBe(shown ? undefined : "attachment");
    }
  });

  test("refuses a port that is in use", async () => {
    const port = Number(new URL(served.address).port);
    const error = await failureOf(startServer(new Site(out, new AbortController().signal), port));
    expect([error.code, error.message]).toEqual(["QS-SERVE-PORT", expect.stringContaining(`${port}`)]);
  });
});

test("hostile names and texts of releases, runs and the queue stay text", async () => {
  const evil = `<script>alert(1)</script>"'&${hostileText}`;
  const release = `<img src=x onerror=alert(1)>`;
  writeReleaseTo(out, release, { model: "Evil", extra: { "a<b>.md": "x" } });
  writeReleaseTo(out, "other");
  const write = writeRun(out, gone);
  write(
    { ...started, recipe: evil, steps: [{ id: "quantize:x", stage: "quantize", variant: evil }] },
    { type: "step-started", id: "quantize:x", key: "k" },
    { type: "step-note", id: "quantize:x", note: evil },
    {
      type: "step-warning",
      id: "quantize:x",
      warning: { code: "QW-RECIPE-KEY" as never, message: evil, remedy: evil },
    },
  );
  appendFileSync(
    join(out, "runs", gone, "events.ndjson"),
    '{"type":"run-started","steps":[{"stage":"constructor"}]}\n{"x',
  );
  const queue = await StatusFile.open(out, [{ name: evil, recipe: "r.yaml", model: evil }], () => true);
  await queue.setState(evil, "failed", { error: { code: "QS-USAGE", message: evil, remedy: evil } });
  const name = encodeURIComponent(release);
  for (const path of [
    "",
    `runs/${gone}`,
    `releases/${name}/`,
    `card?release=${name}`,
    `compare?before=${name}&after=other`,
    `device?device=${encodeURIComponent(evil)}`,
  ]) {
    const { text } = await get(path);
    expect(text, path).not.toMatch(/<script>alert|<img src=x|onerror=alert\(1\)>"/);
    expect(text, path).toMatch(/&lt;(script|img)/);
    for (const sign of ["\u001b", "\u202e", "\u0007"]) expect(text, path).not.toContain(sign);
  }
  for (const path of ["releases", "runs", "queue.json"]) rmSync(join(out, path), { recursive: true });
});

test("a release without a valid report is shown as damaged, and the others as usual", async () => {
  const folder = writeReleaseTo(out, "edited");
  const report = join(folder, "release.json");
  writeFileSync(report, readFileSync(report, "utf8").replace(/"bytes": \d/, '"bytes": 9'));
  mkdirSync(join(out, "releases", "partial"));
  writeReleaseTo(out, "sound");
  const { text } = await get("");
  expect(text.match(/damaged/g)).toHaveLength(2);
  expect(text).toMatch(/edited after packaging[\s\S]*contains no release\.json[\s\S]*Example/);
  expect((await get("releases/edited/")).text).toContain("QS-VERIFY-EDITED");
  const compared = await get("compare?before=edited&after=sound");
  expect([compared.status, compared.text]).toEqual([400, expect.stringContaining("QS-VERIFY-EDITED")]);
  writeReleaseTo(out, "single", { variants: { Q8_0: 2 } });
  expect((await get("")).text).toMatch(/single<\/a><\/th><td>Example<\/td><td>[\d.]+ MB<\/td>/);
  writeReleaseTo(out, "changed", { variants: { Q4_K_M: 3, Q6_K: 4 } });
  const same = (await get("compare?before=sound&after=changed")).text;
  expect(same).toMatch(/Q4_K_M<\/th><td>changed[\s\S]*Q6_K<\/th><td>new[\s\S]*Q8_0<\/th><td>gone/);
  rmSync(join(out, "releases"), { recursive: true });
});

test("a run is followed while its log grows, and its end is told", async () => {
  const page = async () => (await get(`runs/${runName()}`)).text;
  const write = writeRun(out, runName());
  expect(await page()).toMatch(/data-running>.*running.*not started yet/);
  write(started, { type: "step-started", id: "fetch", key: "k" });
  expect(await page()).toMatch(/Run of &lt;b&gt;demo[\s\S]*aria-label="running">▸<\/span> Fetch/);
  write(
    { type: "step-finished", id: "fetch", status: "cached", seconds: 0 },
    { type: "step-started", id: "quantize:Q8_0", key: "k" },
    progress(28),
  );
  expect(await page()).toMatch(/quantizing: tensor 28\/56/);
  expect((await get("")).text).toContain("1 running");
  const error = { code: "QS-DISK-FULL", message: "the disk is full", remedy: "Free disk space." } as const;
  write(
    { type: "step-finished", id: "quantize:Q8_0", status: "failed", seconds: 2, error },
    { type: "run-finished", seconds: 3, failed: 1 },
  );
  const last = await page();
  expect(last).toMatch(/failed<\/strong> in 3 s[\s\S]*QS-DISK-FULL<\/strong> the disk is full/);
  expect(last).not.toMatch(/data-running>|<script>/);
});

test("a log that is a link, or whose process has ended", async () => {
  const linked = runName(2 ** 30 + 1);
  mkdirSync(join(out, "runs", linked), { recursive: true });
  symlinkSync(outside, join(out, "runs", linked, "events.ndjson"));
  expect((await get(`runs/${linked}`)).text).toContain("is not a regular file");
  expect((await get("")).text).toContain("is not a regular file");
  const at = (second: number) => ({ time: `2026-01-01T00:00:0${second}.000Z` });
  writeRun(out, gone)(
    { ...started, ...at(0) },
    { type: "step-started", id: "quantize:Q8_0", key: "k", ...at(0) },
    { ...progress(16), ...at(1) },
    { ...progress(36), ...at(5) },
  );
  const { text } = await get(`runs/${gone}`);
  expect(text).toMatch(/stopped<\/strong>: its process has ended/);
  expect(text, "rates by the times of the log").toContain("tensor 36/56 (5.0/s, 4 s left)");
});
