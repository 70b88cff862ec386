import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { cliFile, demoCopy } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * Environments that refuse what a run needs: each is an error of the environment with a remedy, not a bug or a crash.
 * Uses the built program under the limits of a real shell.
 */
const home = temporaryFolder();
let recipe: string;
beforeAll(() => {
  recipe = demoCopy(join(home, "demo"));
});

/** Runs `quantsmith` in a shell after a command such as `ulimit -n 64`; `tail` follows its arguments. */
function under(limit: string, args: readonly string[], { env = {}, tail = "" }: { env?: object; tail?: string } = {}) {
  const script = `${limit}; exec "$@" ${tail}`;
  const argv = ["-c", script, "bash", process.execPath, cliFile, ...args];
  return new Promise<{ exitCode: unknown; stderr: string }>((done) => {
    const options = { env: { ...process.env, CI: "true", ...env } };
    execFile("/bin/bash", argv, options, (error, _stdout, stderr) => done({ exitCode: error?.code ?? 0, stderr }));
  });
}
const until = (stage: string, out: string) => ["run", recipe, "--out", join(home, out), "--until", stage];

test.each([
  ["open files", "ulimit -n 64", "ulimit -n"],
  ["address space", "ulimit -v 2000000", "ulimit -v"],
  ["file sizes", "ulimit -f 1000", "ulimit -f"],
])("a low limit of %s", async (_what, limit, remedy) => {
  const { exitCode, stderr } = await under(limit, until("convert", "limits"));
  expect(stderr).toMatch(/^QS-ENV-LIMIT: /m);
  expect([exitCode, stderr.includes(remedy)]).toEqual([4, true]);
});

describe.runIf(existsSync("/dev/full"))("a device without space", () => {
  test("as standard output", async () => {
    const { exitCode, stderr } = await under("true", ["types"], { tail: "> /dev/full" });
    expect(stderr).toMatch(/^QS-DISK-FULL: /);
    expect(exitCode).toBe(4);
  });

  test.each([[], ["--force"]])("as the recipe of init with options %j", async (...options) => {
    const model = join(home, "demo", "tiny-llama");
    const { exitCode, stderr } = await under("true", ["init", model, "--out", "/dev/full", ...options]);
    expect(stderr).toMatch(/^QS-INIT-EXISTS: \/dev\/full is not a regular file/);
    expect(exitCode).toBe(2);
  });
});

test("a missing temporary folder does not stop plan", async () => {
  // The plan prepares the next step in a temporary folder.
  await under("true", until("convert", "plan"));
  const env = { TMPDIR: join(home, "none") };
  expect(await under("true", ["plan", recipe, "--out", join(home, "plan")], { env })).toEqual({
    exitCode: 0,
    stderr: "",
  });
});

// In /proc, Node's own recursive mkdir would never return.
test.runIf(existsSync("/proc/self")).each(["/proc", "/dev/null"])("a home of %s", async (folder) => {
  const env = { HOME: folder, XDG_CACHE_HOME: "", QUANTSMITH_CACHE: "" };
  const { exitCode, stderr } = await under("true", until("convert", "home"), { env });
  expect(stderr).toMatch(/^QS-ENV-CACHE: /m);
  expect([exitCode, stderr.includes("`QUANTSMITH_CACHE`")]).toEqual([4, true]);
});
