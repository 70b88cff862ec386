import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ProcessLimits, portableSample } from "../../src/util/process-watch.js";
import { runSubprocess } from "../../src/util/subprocess.js";
import { until } from "../fixtures/until.js";

const node = (script: string) => ({ file: process.execPath, args: ["-e", script], cwd: process.cwd() });
/** A zombie counts as dead: it only awaits reaping by its parent. */
const alive = (pid: number) =>
  !/^State:\s+Z/m.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "State: Z");

afterEach(() => {
  vi.useRealTimers();
});

describe("runSubprocess", () => {
  test("returns output, exit code and the last lines", async () => {
    const result = await runSubprocess(node("console.log('out'); console.error('why'); process.exit(3)"));
    expect(result).toMatchObject({ exitCode: 3, stdout: "out\n", stderr: "why\n", tail: "out\nwhy", timedOut: false });
  });

  test("passes arguments unchanged, without a shell", async () => {
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
    vi.stubEnv("HF_TOKEN", "hf_canary0123456789");
    try {
      const result = await runSubprocess(
        node("console.log(process.env.HF_TOKEN ?? 'none'); console.error('hf_canary0123456789')"),
      );
      expect(result.stdout).toBe("none\n");
      expect(result.tail).not.toContain("canary");
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test.runIf(process.platform === "linux")(
    "ends the whole group at the time limit, grandchildren included",
    async () => {
      const script =
        "const c = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); console.log(c.pid); setInterval(() => {}, 1000)";
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const onText = () => vi.advanceTimersByTime(60_000);
      const result = await runSubprocess({ ...node(script), timeoutMs: 60_000, onText });
      expect(result.timedOut).toBe(true);
      expect(result.stdout).toMatch(/^\d+\n$/);
      await until(() => !alive(Number(result.stdout)));
    },
  );

  test("an abort while the program starts ends it", async () => {
    const controller = new AbortController();
    const running = runSubprocess({ ...node("setInterval(() => {}, 1000)"), signal: controller.signal });
    controller.abort(new Error("stopped at once"));
    await expect(running).rejects.toThrow("stopped at once");
  });

  test("throws the reason when aborted", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const onText = () => controller.abort(new Error("stopped by test"));
    const running = runSubprocess({ ...node("console.log('started'); setInterval(() => {}, 1000)"), signal, onText });
    await expect(running).rejects.toThrow("stopped by test");
  });

  test.runIf(process.platform === "linux")("measures peak memory", async () => {
    // Runs for several sampling periods by the clock of this process.
    const onText = (pid: string) => void setTimeout(() => process.kill(Number(pid), "SIGTERM"), 500);
    const script = "const b = Buffer.alloc(200e6, 1); console.log(process.pid); setInterval(() => b.length, 1000)";
    const result = await runSubprocess({ ...node(script), onText });
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

  test("a computing process is not idle, and one with output is not silent", async () => {
    // Each sample counts as a second of a clock that the test advances, after the next output or a moment of work.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const watched = async (script: string, limits: ProcessLimits, next: (words: () => number) => Promise<void>) => {
      let words = 0;
      let ended = Promise.resolve();
      const lookOn = async (pid: number) => {
        for (let look = 0; look < 20; look++) {
          vi.advanceTimersByTime(1000);
          await next(() => words);
        }
        process.kill(pid, "SIGTERM");
      };
      const onText = (text: string) => {
        if (++words === 1) ended = lookOn(Number.parseInt(text, 10));
      };
      const result = await runSubprocess({ ...node(script), limits, onText });
      await ended;
      return result;
    };
    const computing = watched(`console.log(process.pid); ${busy(3600)}`, { idleSeconds: 2 }, () => sleep(10));
    expect(await computing).toMatchObject({ breach: undefined, signal: "SIGTERM" });
    const talking = watched("setInterval(() => console.log(process.pid), 10)", { silentSeconds: 5 }, async (words) => {
      const before = words();
      await until(() => words() > before);
    });
    expect(await talking).toMatchObject({ breach: undefined, signal: "SIGTERM" });
  });
});

test("ps provides memory and processor time on systems without /proc", async () => {
  const sample = await portableSample(process.pid);
  expect(sample?.memoryBytes).toBeGreaterThan(1e7);
  expect(sample?.activity).toMatch(/^busy$|^[\d:.-]+$/);
  expect(await portableSample(2 ** 30)).toBeUndefined();
});
