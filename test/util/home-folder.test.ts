import { afterAll, afterEach, expect, test, vi } from "vitest";
import { hubConnection } from "../../src/hub/connection.js";
import { cacheFolder } from "../../src/util/cache-folder.js";

// Test files share modules: this one has its own, so that the mock reaches them, and leaves none behind.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
afterEach(() => vi.unstubAllEnvs());
// As Node; "none" as for a user id of a container that /etc/passwd lacks, without HOME.
vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  homedir: () => {
    if (process.env.HOME !== "none") return process.env.HOME;
    throw Object.assign(new Error("uv_os_homedir returned ENOENT"), { code: "ERR_SYSTEM_ERROR" });
  },
}));

test.each([
  ["none", "no home folder"],
  ["", "not an absolute path"],
  ["relative", "not an absolute path"],
])("the home folder %j gives an error that names the variables", (home, message) => {
  vi.stubEnv("HOME", home);
  const expected = {
    code: "QS-ENV-CACHE",
    message: expect.stringContaining(message),
    remedy: expect.stringContaining("`QUANTSMITH_CACHE`"),
  };
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
