import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { listFiles } from "../../src/util/files.js";
import { briefRecipe, cliFile, demoCopy } from "../fixtures/cli.js";
import { canary, startWritableHub, treeOf } from "../fixtures/publish-client.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { runAction, runWorkflow, type WorkflowRun } from "../fixtures/workflow.js";

/*
 * Executes the release workflow: its commands, in order, each job in a separate folder, artifacts copied from job to job.
 * The release equals that of the composite action, which runs on a single machine.
 */
const action = fileURLToPath(new URL("../../action.yml", import.meta.url));
const workflow = fileURLToPath(new URL("../../.github/workflows/release-gguf.yml", import.meta.url));
const home = temporaryFolder();
const bin = join(home, "bin");
const readToken = "hf_readReadReadRead0123456789";

beforeAll(() => {
  // The built program replaces `npm install --global`, since the test has no registry.
  const scripts = { npm: "exit 0", quantsmith: `exec "${process.execPath}" "${cliFile}" "$@"` };
  mkdirSync(bin);
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(bin, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
});

const machines = (more: Record<string, string> = {}) => ({
  PATH: `${bin}:${process.env.PATH ?? ""}`,
  HOME: process.env.HOME ?? "",
  ...more,
});

/** The jobs' commands with their inputs, without the installing ones. */
const commands = ({ executed }: WorkflowRun) =>
  executed.flatMap(({ job, script }) => (script.includes("npm install") ? [] : [`${job}: ${script.trim()}`]));

test("builds and publishes the same release as one machine", async () => {
  const variants = "[Q8_0, { name: Q4_K_S, dynamic: { sizeOf: Q4_K_M } }]";
  const checkout = join(home, "repository");
  demoCopy(join(checkout, "recipes"), () => briefRecipe.replace("[Q8_0]", variants));
  const hub = await startWritableHub();
  const alone = await runAction(action, {
    checkout,
    home: join(home, "alone"),
    inputs: { recipe: "recipes/demo.yaml", to: "hf:me/alone", token: canary, read_token: readToken },
    env: machines({ HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf") }),
  });
  expect(alone.executed.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
  const tokens = alone.executed.map(({ env }) => env.HF_TOKEN);
  expect(tokens).toEqual([undefined, readToken, canary]);
  expect(treeOf(hub, "main", "me/alone")).toHaveProperty(["tiny-llama-Q4_K_S.gguf"]);
  const run = await runWorkflow(workflow, {
    checkout,
    home: join(home, "ci"),
    inputs: { recipe: "recipes/demo.yaml", publish: true, repo: "me/model" },
    secrets: { HF_TOKEN: canary, HF_READ_TOKEN: readToken },
    env: machines({ HF_ENDPOINT: hub.url, HF_HOME: join(home, "hf") }),
  }).finally(() => hub.close());
  expect(run.executed.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
  expect(run.results).toEqual({
    plan: "success",
    shared: "success",
    variants: "success",
    package: "success",
    publish: "success",
  });
  const built = run.executed.flatMap(({ script, env }) => (/run .*--variant/.test(script) ? [env.VARIANT] : []));
  expect(built).toEqual(["Q8_0", "Q4_K_S"]);
  expect(commands(run).slice(1, 4)).toEqual([
    'shared: quantsmith run "$RECIPE" --shared\nquantsmith cache trim "$RECIPE" --shared',
    'variants: quantsmith run "$RECIPE" --variant "$VARIANT"',
    'variants: quantsmith cache trim "$RECIPE" --variant "$VARIANT"',
  ]);

  const release = join(home, "ci", "artifacts", "demo-release");
  const sums = (folder: string) => readFileSync(join(folder, "SHA256SUMS"), "utf8");
  expect(sums(release)).toBe(sums(join(home, "alone", "work", alone.outputs.release ?? "")));
  expect(treeOf(hub)["tiny-llama-Q4_K_S.gguf"]).toBe(
    /^([0-9a-f]{64}) {2}tiny-llama-Q4_K_S.gguf$/m.exec(sums(release))?.[1],
  );
  expect(hub.violations).toEqual([]);

  // No artifact contains the checkpoint, and only the last job sees the write token.
  const travelled = await listFiles(join(home, "ci", "artifacts"));
  expect(travelled.filter((path) => path.includes("store-shared/") && path.endsWith(".gguf"))).toHaveLength(2);
  expect(travelled.filter((path) => path.endsWith(".safetensors"))).toEqual([]);
  const seeing = run.executed.filter(({ env }) => Object.values(env).includes(canary)).map(({ job }) => job);
  expect(seeing).toEqual(["publish"]);
  expect(run.executed.map(({ output }) => output).join("\n")).not.toMatch(new RegExp(`${canary}|${readToken}`));
  expect(run.summaries.package).toContain("| Q4_K_S |");
  expect(run.summaries.publish).toContain("Published 2 variants");
});
