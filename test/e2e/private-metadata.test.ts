import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listFiles } from "../../src/util/files.js";
import { briefRecipe, demoCopy, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const card = `---
license: other
license_name: https://s3cr3t:s3cr3t@host/terms
license_link: file:///home/s3cr3t/LICENSE
tags: [/home/s3cr3t, chat, "base_model:adapter:outputs/s3cr3t"]
datasets: [~/s3cr3t/data, data/s3cr3t/train.jsonl, s3cr3t_private.jsonl, org/data]
base_model: [/home/s3cr3t/llama, outputs/s3cr3t/checkpoint-1200]
---
`;

test("no file of a release has the machine's paths or passwords in a checkpoint's card and configuration", async () => {
  const home = temporaryFolder();
  const recipe = demoCopy(home, () => briefRecipe);
  const model = (name: string) => join(home, "tiny-llama", name);
  writeFileSync(model("README.md"), card);
  for (const [file, key] of [
    ["config.json", "_name_or_path"],
    ["tokenizer_config.json", "name_or_path"],
  ] as const) {
    const content = JSON.parse(readFileSync(model(file), "utf8"));
    writeFileSync(model(file), JSON.stringify({ ...content, [key]: "/home/s3cr3t/checkpoint-500" }));
  }
  const { exitCode, stdout, stderr } = await quantsmith(["run", recipe, "--out", join(home, "out"), "--json"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout + stderr).not.toContain("s3cr3t");
  const report = JSON.parse(stdout);
  expect(report.warnings).toMatchObject([{ code: "QW-METADATA-PRIVATE" }]);
  const files = await listFiles(report.release);
  expect(files).toContain("bom.cdx.json");
  const leaks = files.filter((file) => readFileSync(join(report.release, file)).includes("s3cr3t"));
  expect(leaks).toEqual([]);
  expect(readFileSync(join(report.release, "README.md"), "utf8")).toContain("org/data");
});
