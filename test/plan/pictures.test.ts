import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../../src/cli/prepare-plan.js";
import { hashPictures } from "../../src/plan/pictures.js";
import { testPicture } from "../../src/stages/smoke/test-picture.js";
import { DigestCache } from "../../src/util/digest-cache.js";
import { failureOf } from "../fixtures/failure.js";
import { planned } from "../fixtures/planned-steps.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const vision = { config: { architectures: ["Gemma3ForConditionalGeneration"], vision_config: {} } };
const recipe = (image: string, mmproj = "[F16, Q8_0]") =>
  `version: 1\nmodel: { source: ./m, name: M }\nconvert: { mmproj: ${mmproj} }\nvariants: [Q8_0]\nsmoke:\n  - { prompt: see, image: ${image} }\n`;

test("a picture is shown to the base with one projector and to a variant with each", async () => {
  const { steps, notes, report } = await planned(recipe("./a.png"), vision);
  const inputs = (id: string) => Object.keys(steps.find((step) => step.id === id)?.inputs ?? {});
  expect(inputs("smoke:base")).toEqual(["model", "projector:F16", "picture0"]);
  expect(inputs("smoke:Q8_0")).toEqual(expect.arrayContaining(["projector:F16", "projector:Q8_0", "picture0"]));
  const smoke = steps.find(({ id }) => id === "smoke:Q8_0");
  expect(smoke).toMatchObject({ operation: "smoke" });
  // No path of this machine is part of a key or of the release.
  expect(JSON.stringify([smoke?.params, report.params.lock])).not.toContain("/a.png");
  expect(report.params.lock.smoke).toMatchObject([{ image: { name: "a.png", sha256: "digest" } }]);
  expect(notes).toEqual([]);
  const first = await planned(recipe("bundled"), vision, (facts) => ({ ...facts, visionTool: "buildable" }));
  expect(first.notes.join()).toContain("compiled first");
});

test.each([
  ["a text model", { config: { architectures: ["LlamaForCausalLM"] } }, "F16"],
  ["a model that only hears", { config: { architectures: ["X"], audio_config: {} } }, "F16"],
  ["a release without projector", vision, "none"],
])("%s sees no picture", async (_what, model, mmproj) => {
  expect(await failureOf(planned(recipe("bundled", mmproj), model))).toMatchObject({
    ...{ code: "QS-SMOKE-PICTURE", at: { line: 6 } },
  });
});

test("a llama.cpp of others may lack the vision tool", async () => {
  const without = planned(recipe("bundled"), vision, (facts) => ({ ...facts, visionTool: "missing" }));
  expect(await failureOf(without)).toMatchObject({ code: "QS-TOOL-VISION" });
});

test("a picture's file is checked and hashed", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "recipe.yaml");
  writeFileSync(file, recipe("./a.png"));
  const settings = await loadSettings(file, undefined);
  const hash = () => hashPictures(settings, new DigestCache());
  expect(await failureOf(hash())).toMatchObject({
    code: "QS-SMOKE-PICTURE",
    message: expect.stringMatching(/: no such file or folder$/),
  });
  writeFileSync(join(folder, "a.png"), "text");
  expect(await failureOf(hash())).toMatchObject({ message: expect.stringContaining("not a picture") });
  truncateSync(join(folder, "a.png"), 3 * 2 ** 30);
  expect(await failureOf(hash())).toMatchObject({ message: expect.stringContaining("larger than 100 MB") });
  writeFileSync(join(folder, "a.png"), testPicture());
  expect([...(await hash()).values()]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
});

test.each([
  ["a NUL character", "a\0b"],
  ["more bytes than an argument", "é".repeat(60_000)],
])("a question about a picture with %s is refused", async (_what, prompt) => {
  const file = join(temporaryFolder(), "recipe.yaml");
  writeFileSync(file, recipe("bundled").replace("see", JSON.stringify(prompt)));
  expect(await failureOf(loadSettings(file, undefined))).toMatchObject({ code: "QS-RECIPE-INVALID" });
});
