import { describe, expect, test } from "vitest";
import { jobsOptions } from "../../../src/remote/hf-jobs/jobs-options.js";
import { thrownBy } from "../../fixtures/failure.js";

const needed = { image: "i", flavor: "cpu-xl", bucket: "me/store" };

describe("settings of jobs", () => {
  test("get defaults", () => {
    expect(jobsOptions(needed)).toEqual({
      ...{ image: "i", flavor: "cpu-xl", bucket: "me/store", folder: undefined, namespace: "me" },
      ...{ timeoutSeconds: 14_400, jobs: 8, shards: 4 },
    });
    expect(
      jobsOptions({ ...needed, bucket: "me/store/a/b", namespace: "org", timeout: 60, jobs: 2, parts: 1 }),
    ).toEqual({
      ...{ image: "i", flavor: "cpu-xl", bucket: "me/store", folder: "a/b", namespace: "org" },
      ...{ timeoutSeconds: 60, jobs: 2, shards: 1 },
    });
  });

  test("are required", () => {
    const error = thrownBy(() => jobsOptions({ image: "i" }));
    expect(error.code).toBe("QS-JOBS-SETTING");
    expect(error.message).toContain("`executors.hfJobs.flavor`, `executors.hfJobs.bucket`");
    expect(thrownBy(() => jobsOptions(undefined)).message).toContain("`executors.hfJobs.image`");
  });

  test.each([
    "store",
    "me/",
    "/me/store",
    "me/store/",
    "me/store/../other",
    "me/..",
    "buckets/me/a b",
    "hf://me/store",
  ])("reject the bucket %j", (bucket) => {
    expect(thrownBy(() => jobsOptions({ ...needed, bucket })).code).toBe("QS-JOBS-SETTING");
  });

  test("reject a namespace that changes the URL path", () => {
    expect(thrownBy(() => jobsOptions({ ...needed, namespace: "../models/me" })).code).toBe("QS-JOBS-SETTING");
  });
});
