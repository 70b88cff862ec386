import { describe, expect, test } from "vitest";
import { surveyOptions } from "../../src/checkpoint/outline/checkpoint-outline.js";
import type { PlanFacts } from "../../src/plan/facts.js";
import { failureOf } from "../fixtures/failure.js";
import { planned } from "../fixtures/planned-steps.js";

const architecture = "Qwen3_5ForCausalLM";
const config = { architectures: [architecture], num_hidden_layers: 4 };
const recipe = (mtp: string) =>
  `version: 1\nmodel: { source: ./m, name: M }\nconvert: { mtp: ${mtp} }\nvariants: [Q8_0]\n`;

/** Plans a checkpoint with this many MTP layers, for a converter that has options for `known`. */
function plan(mtp: string, mtpLayers: number, known: PlanFacts["mtpArchitectures"] = new Set([architecture])) {
  const outline = {
    ...{ architecture, modelType: "qwen3_5", parameters: 5e6, isCounted: true, tensorBytes: 1e7, baseBytes: 1e7 },
    ...{
      format: null,
      kept: null,
      towers: [],
      towerParameters: 0,
      mtpLayers,
      mtpParameters: mtpLayers * 1e6,
      mtpDeclared: 1,
    },
    ...{
      layers: surveyOptions(config, undefined).layers,
      contextLength: null,
      vocabulary: 400,
      tied: true,
      experts: 0,
    },
  };
  return planned(recipe(mtp), { config, outline }, (facts) => ({ ...facts, mtpArchitectures: known }));
}

const conversion = async (...args: Parameters<typeof plan>) =>
  (await plan(...args)).steps.flatMap(({ id, stage, params }) => (stage === "convert" ? [[id, params.mtp]] : []));

describe("layers for multi-token prediction", () => {
  test("are kept by default, and the plan says so", async () => {
    expect(await conversion("auto", 1)).toEqual([["convert", undefined]]);
    expect((await plan("auto", 1)).notes).toEqual([expect.stringContaining("1 layer for multi-token prediction")]);
    expect((await plan("auto", 1, new Set())).notes).toEqual([expect.stringContaining("no option for them")]);
  });

  test("are left out, or a file of their own that the package contains", async () => {
    expect(await conversion("drop", 1)).toEqual([["convert", "none"]]);
    expect(await conversion("separate", 1)).toEqual([
      ["convert", "none"],
      ["convert:mtp", undefined],
    ]);
    const { report } = await plan("separate", 1);
    expect(report.params.mtpFile).toBe("mtp-M-Q8_0.gguf");
    expect(report.inputs.mtp).toMatchObject({ step: "convert:mtp", file: "mtp.gguf", optional: false });
  });

  test("that the files lack are dropped, since the converter fails on them", async () => {
    expect(await conversion("auto", 0)).toEqual([["convert", "none"]]);
    expect(await conversion("auto", 0, new Set())).toEqual([["convert", undefined]]);
  });

  test("that cannot be separated are an error before any work", async () => {
    expect(await failureOf(plan("separate", 0))).toMatchObject({ code: "QS-CONVERT-MTP" });
    const failure = await failureOf(plan("drop", 1, new Set()));
    expect(failure).toMatchObject({ code: "QS-CONVERT-MTP", at: { line: 3 } });
    expect(failure.message).toContain(architecture);
  });
});
