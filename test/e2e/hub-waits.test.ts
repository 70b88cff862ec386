import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cliFile, put } from "../fixtures/cli.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

let hub: Hub;
beforeAll(async () => {
  hub = await Hub.start();
  hub.faults = () => ({ kind: "status", status: 429, headers: { "retry-after": "300" } });
});
afterAll(() => hub.close());

test.each([
  ["run", "recipe.yaml"],
  ["plan", "recipe.yaml"],
  ["watch", "recipe.yaml"],
  ["inspect", "hf:org/model"],
  ["verify", "hf:org/model"],
])("%s says on standard error that it waits for the Hub's rate limit", async (...args) => {
  const cwd = temporaryFolder();
  put(join(cwd, "recipe.yaml"), "version: 1\nmodel: { name: Model, source: hf:org/model }\nvariants: [Q8_0]\n");
  const env = { HF_ENDPOINT: hub.url, HF_HOME: cwd, HF_HUB_CACHE: join(cwd, "hub"), HF_TOKEN: "", CI: "true" };
  const child = execa(process.execPath, [cliFile, ...args], { cwd, env, reject: false });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (text.includes("for the Hub")) child.kill("SIGINT");
  });
  const { stderr } = await child;
  expect(stderr).toMatch(/^waiting at least 5 min for the Hub: .*: the Hub's rate limit is reached \(429\)$/m);
  expect(stderr.match(/for the Hub/g)).toHaveLength(1);
});
