import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPoolingType } from "../../src/converter/pooling.js";
import { failureOf } from "../fixtures/failure.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();

/** Writes the settings of a pooling; null for a module whose settings are missing. */
function embedding(settings: object | null): string {
  const folder = mkdtempSync(join(home, "model-"));
  const modules = [{ path: "1_Pooling", type: "sentence_transformers.models.Pooling" }];
  writeFileSync(join(folder, "modules.json"), JSON.stringify(modules));
  mkdirSync(join(folder, "1_Pooling"));
  if (settings !== null) writeFileSync(join(folder, "1_Pooling", "config.json"), JSON.stringify(settings));
  return folder;
}

test.each([
  [{ pooling_mode_mean_tokens: true }, 1],
  [{ pooling_mode_cls_token: true }, 2],
  [{ pooling_mode_mean_tokens: false, pooling_mode_lasttoken: true }, 3],
  [{ pooling_mode: "lasttoken" }, 3],
])("%j", async (settings, type) => {
  expect(await readPoolingType(embedding(settings))).toBe(type);
});

test("settings that no converter reads are refused without starting another one", async () => {
  expect(await failureOf(readPoolingType(embedding({ pooling_mode_weightedmean_tokens: true })))).toMatchObject({
    code: "QS-CONVERT-CONFIG",
    remedy: expect.stringContaining("mean, CLS token or last token"),
  });
  expect((await failureOf(readPoolingType(embedding(null)))).message).toContain('"1_Pooling/config.json"');
});
