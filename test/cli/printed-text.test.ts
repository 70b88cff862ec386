import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { inspect } from "../../src/cli/commands/inspect.js";
import { verify } from "../../src/cli/commands/verify.js";
import { note, print, printError } from "../../src/cli/print.js";
import { showResult } from "../../src/cli/show-result.js";
import { plainView } from "../../src/cli/views/plain-view.js";
import { terminalView } from "../../src/cli/views/terminal-view.js";
import { EventBus, eventFile } from "../../src/engine/events.js";
import { hubConnection } from "../../src/hub/connection.js";
import { networkError, statusError } from "../../src/hub/hub-error.js";
import { toolFailure } from "../../src/llamacpp/tool-failure.js";
import { smokeReasons } from "../../src/stages/smoke/smoke-reasons.js";
import { errorReport } from "../../src/util/error-report.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { buildGguf, completeMetadata, stringPair } from "../fixtures/gguf-builder.js";
import { hostileText, obeyedParts } from "../fixtures/hostile-text.js";
import { printed } from "../fixtures/printed.js";
import { largeReport } from "../fixtures/release-report.js";
import { sum, writeRelease } from "../fixtures/small-release.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { settled } from "../fixtures/until.js";

const home = temporaryFolder();
afterEach(() => vi.unstubAllEnvs());

/** Runs a command in both forms; neither output may be obeyed, and the JSON has the exact text. */
async function expectPrintable(command: (json: boolean) => unknown): Promise<void> {
  const { stdout, stderr } = await printed(() => command(false));
  expect(stdout + stderr).toContain("\\x1b[2K");
  expect(obeyedParts(stdout + stderr)).toEqual([]);
  const json = await printed(() => command(true));
  expect(obeyedParts(json.stdout + json.stderr)).toEqual([]);
  expect(strings(JSON.parse(json.stdout)).some((text) => text.includes(hostileText))).toBe(true);
}

/** Returns all keys and texts of a JSON value. */
function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...strings(member)]);
}

test("file names, README and metadata of a tampered release do not change what verify prints", async () => {
  const folder = await writeRelease(join(home, "release"));
  writeFileSync(join(folder, "README.md"), `---\nlicense: ${JSON.stringify(hostileText)}\n---\n${hostileText}`);
  await sum(folder);
  writeFileSync(join(folder, hostileText), "");
  const release = JSON.parse(readFileSync(join(folder, "release.json"), "utf8"));
  release.variants[0].file = hostileText;
  writeFileSync(join(folder, "release.json"), JSON.stringify(release));
  await expectPrintable((json) => verify(folder, { json }));
  expect(process.exitCode).toBe(3);
  process.exitCode = undefined;
});

test("inspect prints hostile tensor names and metadata as text", async () => {
  const file = join(home, "model.gguf");
  const metadata = [...completeMetadata, stringPair("general.author", hostileText), stringPair(hostileText, "value")];
  const name = "x\u001b[1A\n::error::y";
  writeFileSync(file, buildGguf({ metadata, tensors: [{ name, shape: [32] }] }));
  await expectPrintable((json) => inspect(file, { json }));
});

const result = { exitCode: 1, signal: undefined, timedOut: false, breach: undefined, seconds: 0, peakMemoryBytes: 0 };
const connection = hubConnection({});
const errors = {
  "a tool's last lines": toolFailure(
    { ...result, stdout: "", stderr: "", tail: hostileText },
    { doing: "quantizing", otherwise: { code: "QS-QUANTIZE-FAILED", remedy: "Run again." } },
  ),
  "a message": new QuantsmithError("QS-GGUF-INVALID", hostileText, { remedy: hostileText, at: { file: hostileText } }),
  "the problems of a file": new QuantsmithError("QS-RECIPE-INVALID", "invalid", {
    remedy: "Correct the recipe.",
    problems: [
      {
        ...{ code: "QS-RECIPE-EMPTY", message: hostileText, remedy: hostileText, excerpt: hostileText },
        at: { file: hostileText },
      },
    ],
  }),
  "a broken connection": networkError(new Error(hostileText), { doing: "listing main of org/name", repo: "org/name" }),
  "a bug": new TypeError(hostileText),
};
test.each(Object.entries(errors))("errors: %s", async (_, error) => {
  await expectPrintable((json) => printError(error, json));
});

test("a message of a Hub server is quoted", async () => {
  const response = { status: 400, code: undefined, reason: hostileText };
  const error = statusError(response, { doing: "listing", repo: "org/name" }, connection);
  const { stderr } = await printed(() => printError(error, false));
  expect(obeyedParts(stderr)).toEqual([]);
});

test("events are lines of a log and JSON lines of a file", async () => {
  const events = new EventBus();
  const path = join(mkdirSync(join(home, "runs"), { recursive: true }) ?? home, "events.ndjson");
  const log = eventFile(path);
  events.subscribe(log.listener);
  events.subscribe(plainView(note));
  const error = errorReport(new Error(hostileText));
  const { stderr } = await printed(() => {
    events.emit({ type: "step-note", id: "convert", note: hostileText });
    events.emit({ type: "step-finished", id: hostileText, status: "skipped", seconds: 1, why: hostileText });
    events.emit({ type: "upload-finished", variant: hostileText, sentBytes: 1, seconds: 1, error });
  });
  log.close();
  expect(stderr.trimEnd().split("\n")).toHaveLength(3);
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ note: hostileText }, { id: hostileText }, { error }]);
  expect(obeyedParts(`${stderr}${lines.join("\n")}`)).toEqual([]);
});

test("a model's answer and name do not reach a run's log or the summary of a GitHub job as commands", async () => {
  const summary = join(home, "summary.md");
  vi.stubEnv("GITHUB_STEP_SUMMARY", summary);
  const answer = { prompt: "Hello", answer: hostileText, stopReason: "eogToken" as const, tokens: 9, skipped: [] };
  const failures = ["the answer does not match /Hi/"];
  const reasons = smokeReasons({ passed: 0, failed: 1, problem: null, answers: [{ ...answer, failures }] });
  const [passed] = largeReport.variants;
  if (passed === undefined) throw new Error("the report has no variant");
  const failed = { ...passed, name: hostileText, gate: "failed" as const, reasons };
  const run = { ...largeReport, variants: [passed, failed], release: null };
  await expectPrintable((json) =>
    showResult(
      hostileText,
      { report: run, errors: [errors["a tool's last lines"]], compute: {}, recipe: "r.yaml" },
      { json },
    ),
  );
  const markdown = readFileSync(summary, "utf8");
  expect(obeyedParts(markdown)).toEqual([]);
  // Twice a heading, an empty line and a table of two variants: no line is added.
  expect(markdown.trimEnd().split("\n")).toHaveLength(2 * 6);
  expect(markdown).toContain("##\\\\\\[error\\]e");
});

test("the live board shows text of a step on one line", async () => {
  const { stdout } = await printed(async () => {
    const { listener, done } = terminalView();
    const events = new EventBus();
    events.subscribe(listener);
    const step = { id: hostileText, stage: "convert" as const };
    events.emit({ type: "run-started", recipe: "x.yaml", out: "out", steps: [step] });
    await settled();
    events.emit({ type: "step-note", id: hostileText, note: hostileText });
    events.emit({ type: "step-finished", id: hostileText, status: "skipped", seconds: 1, why: hostileText });
    await done();
  });
  expect(stdout).toContain("\\x1b[2K");
  // The last state follows the erasure of the one before; colours and the cursor's return are the board's own.
  const last = stdout.slice(stdout.lastIndexOf("\u001b[G") + 3);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removes the colours of the board
  expect(obeyedParts(last.replace(/\u001b\[(\d+m|\?25h)/g, ""))).toEqual([]);
});

test("a command in a result is text", async () => {
  const { stdout } = await printed(() => print(hostileText));
  expect(obeyedParts(stdout)).toEqual([]);
  expect(stdout.trimEnd()).not.toContain("\n");
});
