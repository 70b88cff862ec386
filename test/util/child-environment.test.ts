import { afterEach, expect, test, vi } from "vitest";
import { childEnvironment } from "../../src/util/child-environment.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("search paths lose their empty and relative entries, which lead to the working folder", () => {
  vi.stubEnv("PATH", ":.:/usr/bin::bin:../x:/bin:");
  vi.stubEnv("LD_LIBRARY_PATH", ":");
  vi.stubEnv("OTHER_PATH", ":.");
  const environment = childEnvironment();
  expect([environment.PATH, environment.OTHER_PATH]).toEqual(["/usr/bin:/bin", ":."]);
  expect(environment).not.toHaveProperty("LD_LIBRARY_PATH");
});

test("variables of secrets are removed, and the given ones added", () => {
  vi.stubEnv("HF_TOKEN", "hf_canary");
  expect(childEnvironment({ LC_ALL: "C" })).toMatchObject({ LC_ALL: "C" });
  expect(JSON.stringify(childEnvironment())).not.toContain("hf_canary");
});
