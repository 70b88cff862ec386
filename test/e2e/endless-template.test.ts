import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cliFile, demoCopy, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { until } from "../fixtures/until.js";

/* A checkpoint whose chat template never ends. */
const home = temporaryFolder();
const out = join(home, "out");
const recipe = demoCopy(join(home, "demo"));
writeFileSync(
  recipe,
  `version: 1
model: { source: ./tiny-llama }
calibration: { corpus: default, chunks: 2, context: 64, chatTemplate: true }
variants: [Q8_0]
`,
);
const config = join(home, "demo", "tiny-llama", "tokenizer_config.json");
const endless = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
writeFileSync(config, JSON.stringify({ ...JSON.parse(readFileSync(config, "utf8")), chat_template: endless }));
const args = ["run", recipe, "--out", out, "--until", "calibrate"];

test.runIf(process.platform === "linux").each(["SIGINT", "SIGTERM"] as const)(
  "%s ends a run at once",
  async (signal) => {
    const run = spawn(process.execPath, [cliFile, ...args], { stdio: "ignore", env: { ...process.env, CI: "true" } });
    const ended = once(run, "exit");
    const [child] = await until(() => renderers().length > 0 && renderers());
    run.kill(signal);
    expect(await ended).toEqual([130, null]);
    expect(renderers()).not.toContain(child);
  },
);

test("the run fails with a code, a place and a remedy", async () => {
  const { exitCode, stdout } = await quantsmith([...args, "--json"]);
  expect([exitCode, JSON.parse(stdout).error]).toMatchObject([
    2,
    {
      code: "QS-TEMPLATE-LIMIT",
      message: expect.stringMatching(/does not finish within 10 seconds for the conversation in line 1 of "[^"]+"$/),
      remedy: expect.stringContaining("chat_template.jinja"),
    },
  ]);
});

/** Ids of the processes in the run's folder that render chat templates. */
function renderers(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        const started = readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("llama-chat");
        return started && readlinkSync(`/proc/${pid}/cwd`).startsWith(out);
      } catch {
        return false;
      }
    });
}
