import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { HubConnection } from "../../../src/hub/connection.js";
import type { HubPublishOptions } from "../../../src/stages/publish/hub-options.js";
import { previewHub } from "../../../src/stages/publish/publish-hub.js";
import { releaseFiles } from "../../../src/stages/publish/release-files.js";
import type { Warning } from "../../../src/util/warnings.js";
import { failureOf } from "../../fixtures/failure.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { connectToWrite, publishFolder, startWritableHub } from "../../fixtures/publish-client.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const base = temporaryFolder();
let hub: Hub;
let folder: string;
let connection: HubConnection;

beforeEach(async () => {
  hub = await startWritableHub();
  folder = join(mkdtempSync(join(base, "home-")), "release");
  connection = connectToWrite(hub, join(folder, "..", "home"));
});
afterEach(() => hub.close());

/** Writes a release whose lock file has these lines about its source. */
function releaseOf(model: string, more = ""): void {
  const lock = `version: 1\nmodel: { source: "hf:org/Example-4B-Instruct", commit: c0ffee, ${model} }\ngates: {}\n${more}`;
  releaseFolder(folder, { extra: { "recipe.lock.yaml": lock } });
}

const preview = async (options: Partial<HubPublishOptions> = {}) => {
  const { signal } = new AbortController();
  const all = { repo: "me/model", via: "branch" as const, ...options };
  return previewHub(connection, await releaseFiles(folder, signal), all, signal);
};

/** The codes of a dry run and of a publication. */
async function refusals(options: Partial<HubPublishOptions> = {}): Promise<string[]> {
  const errors = [await failureOf(preview(options)), await failureOf(publishFolder(connection, folder, options))];
  return errors.map(({ code }) => code);
}

test("the release of a private source becomes public only if the publisher says so", async () => {
  releaseOf("private: true");
  expect(await refusals()).toEqual(["QS-PUBLISH-PUBLIC", "QS-PUBLISH-PUBLIC"]);
  expect(hub.requests.map(({ method }) => method).filter((method) => method !== "GET")).toEqual([]);
  expect((await failureOf(preview())).message).toBe(
    'the source "hf:org/Example-4B-Instruct" is private, and me/model may become public',
  );
  await preview({ private: true });
  await publishFolder(connection, folder, { private: false });
  expect((await failureOf(preview())).message).toContain("me/model is public");
  const repo = hub.repo("me/model");
  if (repo !== undefined) repo.access = "private";
  await publishFolder(connection, folder);
});

test("the release of a gated source becomes open only if the publisher says so", async () => {
  releaseOf("gated: manual");
  expect(await refusals()).toEqual(["QS-PUBLISH-OPEN", "QS-PUBLISH-OPEN"]);
  expect(hub.repo("me/model")).toBeUndefined();
  await preview({ private: true });
  await preview({ gated: false });
  await publishFolder(connection, folder, { gated: "auto" });
  expect(hub.repo("me/model")).toMatchObject({ gated: "auto" });
  await publishFolder(connection, folder);
});

test("a public release with texts of a private data set has a warning before anything is changed", async () => {
  releaseOf("gated: false", "privateDatasets: [org/secret]\n");
  const message =
    'the release for me/model has texts of a private data set: "org/secret"; it contains their names, files and commits';
  expect((await preview()).warnings).toMatchObject([{ code: "QW-TEXT-PRIVATE", message }]);
  expect(await preview({ private: false })).not.toHaveProperty("warnings");
  expect(await preview({ private: true })).not.toHaveProperty("warnings");
  const warned: Warning[] = [];
  await publishFolder(connection, folder, {}, undefined, {
    onWarnings: (warnings) => {
      expect(hub.repo("me/model")).toBeUndefined();
      warned.push(...warnings);
    },
  });
  expect(warned).toMatchObject([{ message }]);
});
