import { mkdtempSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openStream, VariantStream } from "../../../src/stages/publish/variant-stream.js";
import { QuantsmithError } from "../../../src/util/errors.js";
import { failureOf } from "../../fixtures/failure.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { canary, connectToWrite, publishFolder, startWritableHub, treeOf } from "../../fixtures/publish-client.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { largeReport } from "../../fixtures/release-report.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const base = temporaryFolder();
let hub: Hub;
let folder: string;
let files: Record<string, string>;
let reported: string[];

beforeEach(async () => {
  hub = await startWritableHub();
  hub.create("me/model").commit({ ".gitattributes": "" });
  folder = join(mkdtempSync(join(base, "home-")), "release");
  files = releaseFolder(folder);
  reported = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  expect(hub.violations).toEqual([]);
  await hub.close();
});

const connection = () => connectToWrite(hub, join(folder, "..", "home"));
const variant = (name: string) => {
  const file = `Example-${name}.gguf`;
  return { name, file, source: join(folder, file), sha256: files[file] ?? "" };
};
const size = (name: string) => statSync(variant(name).source).size;

function stream(): VariantStream {
  return new VariantStream(connection(), "me/model", {
    signal: new AbortController().signal,
    onStart: (name) => reported.push(`${name} started`),
    onProgress: () => undefined,
    onEnd: (name, sent, _seconds, error) =>
      reported.push(`${name} ${error instanceof QuantsmithError ? error.code : `${sent}`}`),
  });
}

test("uploads sequentially without commits; publishing then sends nothing", async () => {
  const uploads = stream();
  uploads.enqueue(variant("Q8_0"));
  uploads.enqueue(variant("Q4_K_M"));
  await uploads.finish();
  const [q8, q4] = [size("Q8_0"), size("Q4_K_M")];
  expect(reported).toEqual(["Q8_0 started", `Q8_0 ${q8}`, "Q4_K_M started", `Q4_K_M ${q4}`]);
  expect([treeOf(hub), hub.repo("me/model")?.history("main").length]).toEqual([{}, 1]);
  expect((await publishFolder(connection(), folder)).sentBytes).toBe(0);
  expect(treeOf(hub)).toEqual(files);
});

test("stored content is not sent again", async () => {
  await publishFolder(connection(), folder);
  const uploads = stream();
  uploads.enqueue(variant("Q8_0"));
  await uploads.finish();
  expect(reported).toEqual(["Q8_0 started", "Q8_0 0"]);
});

test("a file below the large-file limit is not uploaded", async () => {
  hub.largeBytes = 10_000_000;
  const uploads = stream();
  uploads.enqueue({ ...variant("Q8_0"), file: "notes.txt" });
  await uploads.finish();
  expect(reported).toEqual(["Q8_0 started", "Q8_0 0"]);
  expect(hub.repo("me/model")?.objects.size).toBe(0);
});

test("a failure is reported, the next variant is uploaded, and publishing sends the rest", async () => {
  let refused = 0;
  hub.faults = ({ path }) =>
    path.endsWith("/objects/batch") && refused++ === 0 ? { kind: "status", status: 403 } : undefined;
  const uploads = stream();
  uploads.enqueue(variant("Q8_0"));
  uploads.enqueue(variant("Q4_K_M"));
  await uploads.finish();
  expect(reported).toEqual(["Q8_0 started", "Q8_0 QS-HUB-FORBIDDEN", "Q4_K_M started", `Q4_K_M ${size("Q4_K_M")}`]);
  expect((await publishFolder(connection(), folder)).sentBytes).toBe(size("Q8_0"));
  expect(treeOf(hub)).toEqual(files);
});

test("a missing file does not affect the next variant", async () => {
  const uploads = stream();
  uploads.enqueue({ ...variant("Q8_0"), source: join(folder, "gone") });
  uploads.enqueue(variant("Q4_K_M"));
  await uploads.finish();
  expect(reported.at(-1)).toBe(`Q4_K_M ${size("Q4_K_M")}`);
});

test("stop aborts the current upload and does not start queued ones", async () => {
  const arrived = new Promise<void>((resolve) => {
    hub.faults = ({ server }) => {
      if (server !== "storage") return undefined;
      resolve();
      return { kind: "silence" };
    };
  });
  const uploads = stream();
  uploads.enqueue(variant("Q8_0"));
  uploads.enqueue(variant("Q4_K_M"));
  await arrived;
  await uploads.stop();
  expect(reported).toEqual(["Q8_0 started"]);
});

test("files of the owner that the release would overwrite are an error before any upload", async () => {
  const env = { HF_ENDPOINT: hub.url, HF_HOME: join(folder, "..", "home"), HF_TOKEN: canary };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const options = { repo: "me/model", via: "branch" as const, private: false };
  const hooks = { signal: new AbortController().signal, onStart: () => {}, onProgress: () => {}, onEnd: () => {} };
  const { source } = largeReport.model;
  const open = (more = {}, model = { name: "Example", source }) =>
    openStream({ ...options, ...more }, { model, files: [variant("Q8_0").file] }, hooks);
  await open();
  hub
    .repo("me/model")
    ?.commit({ "README.md": "# Mine\n", "Example-Q8_0.gguf": "mine", "notes.md": "", "model.sig": "" });
  const error = await failureOf(open());
  expect([error.code, error.message]).toEqual([
    "QS-PUBLISH-FOREIGN",
    "files of me/model are not of a release of quantsmith: README.md, model.sig, Example-Q8_0.gguf",
  ]);
  await open({ replace: true });
  await publishFolder(connection(), folder, { replace: true });
  await open();
  const other = { name: "Example", source: "hf:org/other" };
  expect((await failureOf(open({}, other))).message).toContain("the release of another source");
});
