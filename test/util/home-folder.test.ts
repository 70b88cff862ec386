import { afterAll, expect, test, vi } from "vitest";
import { hubConnection } from "../../src/hub/connection.js";
import { cacheFolder } from "../../src/util/cache-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
// As for a user id of a container that /etc/passwd lacks, without HOME.
vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  homedir: () => {
    throw Object.assign(new Error("uv_os_homedir returned ENOENT"), { code: "ERR_SYSTEM_ERROR" });
  },
}));

test("a user without a home folder gets an error that names the variables", () => {
  const expected = { code: "QS-ENV-CACHE", remedy: expect.stringContaining("`QUANTSMITH_CACHE`") };
  for (const call of [() => cacheFolder({}, "linux"), () => hubConnection({})]) {
    let error: unknown;
    try {
      call();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject(expected);
  }
});

test("set folders need no home folder", () => {
  expect(cacheFolder({ QUANTSMITH_CACHE: "/q" }, "linux")).toBe("/q");
  expect(hubConnection({ HF_HOME: "/h" }).cacheFolder).toBe("/h/hub");
});
