import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { executorFactories } from "../../../src/cli/create-remote-runner.js";
import type { Settings } from "../../../src/recipe/settings.js";
import { failureOf } from "../../fixtures/failure.js";
import type { Hub } from "../../fixtures/hub-server/hub.js";
import { image, startJobsHub } from "../../fixtures/jobs-client.js";
import { canary } from "../../fixtures/publish-client.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

let hub: Hub;
beforeEach(async () => {
  hub = await startJobsHub(temporaryFolder());
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: canary, HF_HOME: temporaryFolder(), HUGGING_FACE_HUB_TOKEN: "" };
  // Jobs need the token, so it is not implicit.
  for (const [name, value] of Object.entries({ ...env, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1" })) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  expect(hub.violations).toEqual([]);
});

function create(bucket = "me/store/runs") {
  const hfJobs = { image, flavor: "cpu-basic", bucket };
  const { signal } = new AbortController();
  const deps = { out: temporaryFolder(), pastSeconds: new Map<string, number>(), note: () => undefined, signal };
  return Promise.resolve(executorFactories["hf-jobs"]?.({ executors: { hfJobs } } as unknown as Settings, deps));
}

test("the output folder's bucket must be private", async () => {
  expect(await create()).toMatchObject({ name: "hf-jobs" });
  expect(hub.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /api/buckets/me/store"]);
  hub.machines.publicBuckets.add("me/store");
  expect(await failureOf(create())).toMatchObject({
    ...{ code: "QS-JOBS-BUCKET", exitCode: 2 },
    message: expect.stringMatching(/^`executors\.hfJobs\.bucket`: the bucket me\/store is public/),
    remedy: expect.stringContaining("`hf buckets settings me/store --private`"),
  });
});

test.each([
  ["{}", "QS-JOBS-BUCKET"],
  ['{"private":null}', "QS-JOBS-BUCKET"],
  ['{"private":"true"}', "QS-JOBS-BUCKET"],
  ["null", "QS-JOBS-BUCKET"],
  ["<html>", "QS-HUB-ANSWER"],
])("an answer without the bucket's visibility ends the run: %s", async (body, code) => {
  hub.faults = () => ({ kind: "body", body });
  expect(await failureOf(create())).toMatchObject({ code });
});

test("an unknown bucket or a missing token ends the run", async () => {
  expect(await failureOf(create("me/stor"))).toMatchObject({
    code: "QS-HUB-MISSING",
    message: "looking up the bucket me/stor: buckets/me/stor does not exist",
  });
  hub.faults = () => ({ kind: "status", status: 404 });
  expect(await failureOf(create())).toMatchObject({ code: "QS-HUB-MISSING" });
  vi.stubEnv("HF_TOKEN", "");
  expect(await failureOf(create())).toMatchObject({ code: "QS-HUB-UNAUTHORIZED" });
});
