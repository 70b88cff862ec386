import { expect, test } from "vitest";
import { requireArchitecture } from "../../../src/stages/convert/require-architecture.js";
import { thrownBy } from "../../fixtures/failure.js";

const known = { models: new Set(["AForCausalLM"]), projectors: new Set(["BVisionModel"]) };
const at = { file: "recipe.yaml", line: 2, column: 10 };

test("what the converter has code for passes, by the outer name or the inner one", () => {
  requireArchitecture("model", { architectures: ["AForCausalLM"] }, known);
  requireArchitecture("model", { architectures: ["Odd"], text_config: { architectures: ["AForCausalLM"] } }, known);
  requireArchitecture(
    "projector",
    { architectures: ["Odd"], vision_config: { architectures: ["BVisionModel"] } },
    known,
  );
});

test("what it has none for is refused at its place, and says what to do", () => {
  const config = { architectures: ["OddForCausalLM"], text_config: { architectures: ["Odder"] } };
  const refused = thrownBy(() => requireArchitecture("model", config, known, at));
  expect(refused).toMatchObject({ code: "QS-CONVERT-ARCHITECTURE", at });
  expect(refused.message).toContain("OddForCausalLM");
  const projector = thrownBy(() => requireArchitecture("projector", { architectures: ["AForCausalLM"] }, known, at));
  expect(projector.remedy).toContain("mmproj: none");
});

test("nothing is refused while the tables are not known, or where the converter looks elsewhere", () => {
  requireArchitecture("model", { architectures: ["OddForCausalLM"] }, null);
  requireArchitecture("model", { ssm_cfg: {} }, known);
});
