import { join } from "node:path";
import { expect, test } from "vitest";
import { requireAdapter } from "../../../src/stages/convert/require-adapter.js";
import { put } from "../../fixtures/cli.js";
import { failureOf } from "../../fixtures/failure.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/** A header without tensors. */
const weights = "\x02\0\0\0\0\0\0\0{}";

async function codeOf(config: string, model = weights): Promise<string> {
  const folder = temporaryFolder();
  put(join(folder, "adapter_config.json"), config);
  put(join(folder, "adapter_model.safetensors"), model);
  const { code, at } = await failureOf(requireAdapter(folder).then(() => Promise.reject(new Error("accepted"))));
  expect(at?.file).toContain(folder);
  return code;
}

test("a configuration or weights that the converter cannot read are errors with their place", async () => {
  for (const config of ["{", "[]", "{}", '{"lora_alpha": "16"}', "[".repeat(1000)])
    expect([config, await codeOf(config)]).toEqual([config, "QS-CONVERT-ADAPTER"]);
  expect(await codeOf('{"lora_alpha": 16}', "\xff".repeat(20))).toBe("QS-FETCH-SAFETENSORS");
});
