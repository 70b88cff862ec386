import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hubConnection } from "../../src/hub/connection.js";
import type { Gating } from "../../src/hub/upload/repository.js";
import type { Settings } from "../../src/recipe/settings.js";
import { watchModel } from "../../src/watch/watch-model.js";
import type { Hub } from "../fixtures/hub-server/hub.js";
import { startWritableHub } from "../fixtures/publish-client.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const { signal } = new AbortController();
const content = Buffer.from("weights");
const digest = createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
let hub: Hub;
beforeAll(async () => {
  hub = await startWritableHub();
});
afterAll(() => hub.close());

/** Watches a source whose gating was `recorded` in its release, whose repository has the gating `release`. */
async function gating(recorded: Gating, source: Gating, release: Gating, set?: Gating): Promise<string[]> {
  const [model, target] = [hub.create("org/m"), hub.create("me/m")];
  const commit = model.commit({ "m.gguf": content });
  const files = [{ path: "m.gguf", bytes: content.length, digest: `git-sha1:${digest}` }];
  const locked = { source: "hf:org/m/m.gguf", commit, files, ...(recorded && { gated: recorded }) };
  target.commit({ "recipe.lock.yaml": JSON.stringify({ model: locked }) });
  [model.gated, target.gated] = [source, release];
  const settings = {
    ...{ name: "m", calibration: { chatTemplate: false } },
    model: { name: "m", source: { kind: "hub", repo: "org/m", revision: "main", file: "m.gguf" } },
    publish: { target: { kind: "hub", repo: "me/m", ...(set === undefined ? {} : { gated: set }) } },
  } as unknown as Settings;
  const connection = hubConnection({ HF_ENDPOINT: hub.url, HF_HOME: temporaryFolder() });
  const { changes, rebuild } = await watchModel(connection, settings, temporaryFolder(), signal);
  expect(rebuild).toBe("none");
  return changes.map(({ message }) => message);
}

test.each<[string, Gating, Gating, Gating, string[]]>([
  ["a release as open as its source", false, false, false, []],
  ["a release gated by its publisher", false, false, "auto", []],
  ["an open release of a gated source", false, "auto", false, ["org/m is gated (auto), and me/m is not gated"]],
  ["a release that was opened with its source", "manual", false, false, []],
  [
    "a source that was opened",
    "manual",
    false,
    "manual",
    ["org/m is not gated, and me/m is gated (manual); at the release, org/m was gated (manual)"],
  ],
  [
    "stricter access to a source",
    "auto",
    "manual",
    "auto",
    ["org/m is gated (manual), and me/m is gated (auto); at the release, org/m was gated (auto)"],
  ],
])("watch compares gating: %s", async (_, recorded, source, release, messages) => {
  expect(await gating(recorded, source, release)).toEqual(messages);
  expect(await gating(recorded, source, release, release)).toEqual([]);
});
