import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeConverted } from "../../../src/stages/convert/convert-report.js";
import { failureOf } from "../../fixtures/failure.js";
import { buildGguf } from "../../fixtures/gguf-builder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();

test("a conversion without weights fails, even if the converter succeeded", async () => {
  const file = join(home, "model.gguf");
  writeFileSync(file, buildGguf());
  const params = { modelName: "M", baseModel: null, metadata: {}, pretokenizer: "auto", why: "a test" };
  const failure = await failureOf(describeConverted(file, "upstream", { ...params, outtype: "bf16" }));
  expect(failure).toMatchObject({ code: "QS-CONVERT-WEIGHTS", remedy: expect.stringContaining("model.safetensors") });
});
