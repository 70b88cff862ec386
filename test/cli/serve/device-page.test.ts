import { expect, test } from "vitest";
import { chooseFile } from "../../../src/cli/choose-file.js";
import { incompleteModels, pictureNotes } from "../../../src/cli/fit-options.js";
import { devicePage } from "../../../src/cli/serve/device-page.js";
import type { MeasuredModel } from "../../../src/hardware/fit/measure-models.js";
import { MB, type ModelOptions, someBackends, someDevice, someModel } from "../../fixtures/fit-models.js";

/* The device picker without llama.cpp; the browser test measures a model. */
function measured(name: string, kldMean: number, options: ModelOptions): MeasuredModel {
  const memory = someModel(options);
  const bytes = memory.footprint.fileBytes;
  return {
    ...{ model: "<b>Model", variant: name, label: name, file: `<i>-${name}.gguf`, path: "", projector: null },
    ...{ bytes, missingBytes: name === "Q8_0" ? 7 : 0, bitsPerWeight: 8, parameters: 1e9, types: {}, kldMean },
    ...{ memory, pictureTokens: 256 },
  };
}

const models = [measured("Q8_0", 0.001, {}), measured("Q4_K_M", 0.02, { blockBytes: 50 * MB })];

async function pageFor(budget: number) {
  const device = someDevice({ budget, class: "phone" });
  const request = { device, backends: someBackends, task: "chat", context: null, kvType: "f16" } as const;
  const choice = await chooseFile(models, { ...request, hostRamBytes: null });
  const remarks = { notes: pictureNotes(models), warnings: incompleteModels(models) };
  return devicePage({ device, task: "chat", choice, address: "./x", ...remarks }).body.text;
}

test("the best file that fits, with its run commands and remarks", async () => {
  expect(await pageFor(4000 * MB)).toMatch(/<a href="\.\/x">&lt;i&gt;-Q8_0\.gguf<\/a><\/strong>: it has the lowest/);
  const page = await pageFor(1300 * MB);
  expect(page).toContain("&lt;i&gt;-Q4_K_M.gguf");
  expect(page).toMatch(/QW-GGUF-TRUNCATED[\s\S]*256 tokens[\s\S]*<summary>[\s\S]*<h2>All files/);
  expect(page).not.toMatch(/<[bi]>/);
});

test("no file that fits", async () => {
  expect(await pageFor(100 * MB)).toMatch(/No recommendation:<\/strong>(?![\s\S]*<details>)/);
});
