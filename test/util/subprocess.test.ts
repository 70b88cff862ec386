import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { portableSample } from "../../src/util/process-watch.js";
import { runSubprocess } from "../../src/util/subprocess.js";

const node = (script: string) => ({ file: process.execPath, args: ["-e", script], cwd: process.cwd() });
/** A zombie is dead: only its parent has not asked for it yet. */
const alive = (pid: number) =>
  !/^State:\s+Z/m.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "State: Z");

describe("runSubprocess", () => {
  test("returns output, exit code and the last lines", async () => {
    const result = await runSubprocess(node("console.log('out'); console.error('why'); process.exit(3)"));
    expect(result).toMatchObject({ exitCode: 3, stdout: "out\n", stderr: "why\n", tail: "out\nwhy", timedOut: false });
  });

  test("passes arguments as they are, without a shell", async () => {
    const words = ["$HOME; echo x", "näme with spaces", "*"];
    const result = await runSubprocess({
      ...node("console.log(JSON.stringify(process.argv.slice(1)))"),
      args: ["-e", "console.log(JSON.stringify(process.argv.slice(1)))", ...words],
    });
    expect(JSON.parse(result.stdout)).toEqual(words);
  });

  test("reports a program that cannot be started", async () => {
    const result = await runSubprocess({ file: "/does/not/exist", args: [], cwd: process.cwd() });
    expect(result.exitCode).not.toBe(0);
    expect(result.tail).toMatch(/exist|ENOENT/);
  });

  test("hides secrets from the child and from the tail", async () => {
    process.env.HF_TOKEN = "hf_canary0123456789";
    try {
      const result = await runSubprocess(
        node("console.log(process.env.HF_TOKEN ?? 'none'); console.error('hf_canary0123456789')"),
      );
      expect(result.stdout).toBe("none\n");
      expect(result.tail).not.toContain("canary");
    } finally {
      delete process.env.HF_TOKEN;
    }
  });

  test.runIf(process.platform === "linux")(
    "ends the whole group at the time limit, grandchildren included",
    async () => {
      const script =
        "const c = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); console.log(c.pid); setInterval(() => {}, 1000)";
      const result = await runSubprocess({ ...node(script), timeoutMs: 700 });
      expect(result.timedOut).toBe(true);
      await sleep(100);
      expect(alive(Number(result.stdout))).toBe(false);
    },
  );

  test("throws the reason when aborted", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("stopped by test")), 200);
    await expect(runSubprocess({ ...node("setInterval(() => {}, 1000)"), signal: controller.signal })).rejects.toThrow(
      "stopped by test",
    );
  });

  test.runIf(process.platform === "linux")("measures peak memory", async () => {
    const result = await runSubprocess(
      node("const b = Buffer.alloc(200e6, 1); setTimeout(() => console.log(b.length), 400)"),
    );
    expect(result.peakMemoryBytes).toBeGreaterThan(200e6);
  });
});

describe.runIf(process.platform === "linux")("limits", () => {
  const busy = (seconds: number) => `const end = Date.now() + ${seconds * 1000}; while (Date.now() < end);`;

  test.each([
    ["memory", "const b = Buffer.alloc(300e6, 1); setInterval(() => b.length, 1000)", { memoryBytes: 200e6 }],
    ["idle", "setInterval(() => {}, 3600_000)", { idleSeconds: 1 }],
    ["idle", "process.kill(process.pid, 'SIGSTOP')", { idleSeconds: 1 }],
    ["silence", busy(3600), { silentSeconds: 1 }],
  ] as const)("%s of %j under %j", async (breach, script, limits) => {
    const result = await runSubprocess({ ...node(script), limits });
    expect(result).toMatchObject({ breach, signal: "SIGKILL", timedOut: false });
  });

  test("a process that computes is not idle, and one that talks is not silent", async () => {
    const computing = await runSubprocess({ ...node(busy(4)), limits: { idleSeconds: 2 } });
    expect(computing).toMatchObject({ breach: undefined, exitCode: 0 });
    const script = "let n = 0; const t = setInterval(() => { console.log(n); if (++n > 20) clearInterval(t); }, 200)";
    const talking = await runSubprocess({ ...node(script), limits: { silentSeconds: 3 } });
    expect(talking).toMatchObject({ breach: undefined, exitCode: 0 });
  });
});

test("ps tells memory and processor time where there is no /proc", async () => {
  const sample = await portableSample(process.pid);
  expect(sample?.memoryBytes).toBeGreaterThan(1e7);
  expect(sample?.activity).toMatch(/^busy$|^[\d:.-]+$/);
  expect(await portableSample(2 ** 30)).toBeUndefined();
});
