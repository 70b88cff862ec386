import { expect, test } from "vitest";
import { requireArchitecture } from "../../../src/stages/convert/require-architecture.js";
import { thrownBy } from "../../fixtures/failure.js";

const known = { models: new Set(["AForCausalLM"]), projectors: new Set(["BVisionModel"]) };
const at = { file: "recipe.yaml", line: 2, column: 10 };

test("supported architectures pass, by the outer or the inner name", () => {
  requireArchitecture("model", { architectures: ["AForCausalLM"] }, known);
  requireArchitecture("model", { architectures: ["Odd"], text_config: { architectures: ["AForCausalLM"] } }, known);
  requireArchitecture(
    "projector",
    { architectures: ["Odd"], vision_config: { architectures: ["BVisionModel"] } },
    known,
  );
});

test("an unsupported architecture is rejected with its location and a remedy", () => {
  const config = { architectures: ["OddForCausalLM"], text_config: { architectures: ["Odder"] } };
  const refused = thrownBy(() => requireArchitecture("model", config, known, at));
  expect(refused).toMatchObject({ code: "QS-CONVERT-ARCHITECTURE", at });
  expect(refused.message).toContain("OddForCausalLM");
  const projector = thrownBy(() => requireArchitecture("projector", { architectures: ["AForCausalLM"] }, known, at));
  expect(projector.remedy).toContain("mmproj: none");
});

test("everything passes without tables, or if the converter uses other keys", () => {
  requireArchitecture("model", { architectures: ["OddForCausalLM"] }, null);
  requireArchitecture("model", { ssm_cfg: {} }, known);
});
