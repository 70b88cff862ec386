import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { readGguf } from "../../../src/gguf/read-header.js";
import { bitsPerWeight, typeCounts } from "../../../src/gguf/summary.js";
import { type KldFigures, measureKld } from "../../../src/llamacpp/kl-divergence.js";
import { quantize } from "../../../src/llamacpp/quantize.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { type Gates, gateLimits } from "../../../src/release/gates.js";
import { baseLogits } from "../../../src/stages/validate/base-logits.js";
import { checkStructure, type StructureReport } from "../../../src/stages/validate/check-structure.js";
import { referenceInput, type ValidateReport, validateVariant } from "../../../src/stages/validate/validate-variant.js";
import { sha256File } from "../../../src/util/sha256.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { makeTinyModel } from "../../fixtures/tiny-model.js";

/* Runs the stage's operations on the demo model with the real tools and compares them with direct llama-perplexity runs. */
const evaluation = fileURLToPath(new URL("../../../recipes/demo/text/evaluation.txt", import.meta.url));
const chunks = 12;
let run: ToolRun;
let inputs: Record<string, string>;
let byHand: KldFigures;

beforeAll(async () => {
  const cwd = temporaryFolder();
  run = { ...(await makeTinyModel(cwd)), threads: 1 };
  await quantize({ ...run, model: "model.gguf", out: "q4.gguf", type: "Q4_K_M", imatrix: "imatrix.gguf" });
  const file = (name: string) => join(cwd, name);
  const gguf = await readGguf(file("q4.gguf"));
  const quantized = {
    bytes: gguf.fileBytes,
    bitsPerWeight: bitsPerWeight(gguf),
    types: typeCounts(gguf),
    fallbacks: [],
  };
  writeFileSync(file("quantize.json"), JSON.stringify(quantized));
  writeFileSync(file("structure.json"), JSON.stringify({ problems: [] }));

  const context = stageContext(run, { model: file("model.gguf"), text0: evaluation });
  const texts = [{ name: "evaluation.txt", sha256: await sha256File(evaluation) }];
  await baseLogits.run({ texts, chunks, context: 512, part: { index: 0, of: 1 } }, context);
  inputs = {
    model: file("q4.gguf"),
    structure: file("structure.json"),
    base: join(context.out, "base.kld"),
    baseReport: join(context.out, "base.json"),
  };
  copyFileSync(inputs.base ?? "", file("base.kld"));
  byHand = (await measureKld({ ...run, model: "q4.gguf", base: "base.kld" })).figures;
});

const errors = ["perplexityError", "perplexityRatioError", "kldMeanError", "rmsDeltaPError", "sameTopError"] as const;

interface Measured extends ValidateReport {
  path: string;
}

async function measure(
  gates: Gates,
  options: Parameters<typeof stageContext>[2] & { of?: string; model?: string } = {},
) {
  const context = stageContext(
    run,
    {
      ...inputs,
      ...(options.of === undefined ? {} : { [referenceInput("other")]: options.of }),
      ...(options.model === undefined ? {} : { model: options.model }),
    },
    options,
  );
  const params = { limits: gateLimits(gates), referenced: false, parts: 1 };
  const { measurements } = await validateVariant.run(params, context);
  const path = join(context.out, "quality.json");
  const report: Measured = { ...(JSON.parse(readFileSync(path, "utf8")) as ValidateReport), path };
  return { report, resumed: measurements?.blocksResumed };
}

describe("measuring", () => {
  test("without gates, every figure but those of the base and the errors equals that of a direct run", async () => {
    const { report } = await measure({});
    const own = Object.fromEntries(Object.entries(byHand).filter(([name]) => !/base|Ratio|Error/.test(name)));
    expect(report).toMatchObject({ ...own, chunks, chunksAvailable: chunks, breaches: [], decided: false });
    for (const name of errors) expect(report[name], name).toBeGreaterThanOrEqual(byHand[name] * 0.999);
    // Twelve chunks of a text of several topics.
    expect(report.kldMeanError).toBeGreaterThan(1.5 * byHand.kldMeanError);
    expect(report.corpusSha256).toBe(await sha256File(evaluation));
  });

  test("the base measured as a variant has a perplexity ratio of 1", async () => {
    const base = readFileSync(join(run.cwd, "model.gguf"));
    const file = join(run.cwd, "same.gguf");
    writeFileSync(file, base);
    const { report } = await measure({}, { model: file });
    expect(report.perplexityRatio).toBeCloseTo(1, 4);
    expect(report.basePerplexity).toBeCloseTo(report.perplexity, 3);
  });

  test("the figures of all blocks equal those of one measurement; percentiles are close", async () => {
    const whole = (await measure({})).report;
    const { report } = await measure({ kldMean: { max: byHand.kldMean * 1.001 } });
    expect([report.chunks, report.decided, report.blocks.length]).toEqual([chunks, false, 3]);
    expect(report.perplexity).toBeCloseTo(byHand.perplexity, 5);
    expect(report.basePerplexity).toBeCloseTo(whole.basePerplexity, 3);
    expect(report.perplexityRatio).toBeCloseTo(whole.perplexityRatio, 4);
    expect(report.kldMean).toBeCloseTo(byHand.kldMean, 5);
    for (const name of errors) expect(report[name] / whole[name], name).toBeCloseTo(1, 1);
    expect(report.kldMax).toBe(byHand.kldMax);
    expect(report.sameTop).toBeCloseTo(byHand.sameTop, 2);
    expect(report.rmsDeltaP).toBeCloseTo(byHand.rmsDeltaP, 2);
    for (const name of ["kldMedian", "kld90", "kld95", "kld99"] as const) {
      expect(report[name] / byHand[name], name).toBeGreaterThan(0.9);
      expect(report[name] / byHand[name], name).toBeLessThan(1.1);
    }
  });

  test("the logits of the next block are copied while one is measured, and no copy stays", async () => {
    const seen = new Set<string>();
    const list = () => readdirSync(context.work).filter((name) => name.startsWith("block-"));
    const context = stageContext(run, inputs, {
      progress: ({ done }) => {
        if (done <= 4) for (const name of list()) seen.add(name);
      },
    });
    const limits = gateLimits({ kldMean: { max: byHand.kldMean * 1.001 } });
    await validateVariant.run({ limits, referenced: false, parts: 1 }, context);
    expect([...seen].sort()).toEqual(["block-0.kld", "block-1.kld"]);
    expect(list()).toEqual([]);
  });

  test("ends as soon as the gates are decided, and reports breaches", async () => {
    const good = (await measure({ kldMean: { max: 1 }, sameTop: { min: 10 } })).report;
    expect([good.chunks, good.chunksAvailable, good.decided, good.breaches]).toEqual([4, chunks, true, []]);
    const bad = (await measure({ kldMean: { max: 0.0001 } })).report;
    expect([bad.chunks, bad.decided]).toEqual([4, true]);
    expect(bad.breaches).toMatchObject([{ figure: "kldMean", bound: "max", limit: 0.0001, value: bad.kldMean }]);
  });

  test("a limit relative to another variant is compared on the same chunks", async () => {
    const other = (await measure({ kldMean: { max: byHand.kldMean * 1.001 } })).report;
    const twice = (await measure({ kldMean: { max: { of: "other", ratio: 2 } } }, { of: other.path })).report;
    expect([twice.decided, twice.breaches]).toEqual([true, []]);
    const half = (await measure({ kldMean: { max: { of: "other", ratio: 0.5 } } }, { of: other.path })).report;
    expect(half.breaches).toMatchObject([{ figure: "kldMean", of: { variant: "other", ratio: 0.5 } }]);
  });

  test("an interrupted measurement resumes at the block, and a truncated block is measured again", async () => {
    const partial = join(run.cwd, "partial");
    mkdirSync(partial);
    const gates: Gates = { kldMean: { max: byHand.kldMean * 1.001 } };
    const abort = new AbortController();
    const progress = ({ done }: { done: number }) => {
      if (done > 8) abort.abort(new Error("interrupted"));
    };
    await expect(measure(gates, { partial, progress, signal: abort.signal })).rejects.toThrow("interrupted");
    expect((await measure(gates, { partial })).resumed).toBe(2);
    const whole = await measure(gates, { partial });
    expect([whole.resumed, whole.report.chunks]).toEqual([3, chunks]);
    truncateSync(join(partial, "block-1.json"), 40);
    const again = await measure(gates, { partial });
    expect([again.resumed, again.report.kldMean]).toEqual([2, whole.report.kldMean]);
  });

  test("llama.cpp does not load a variant with a damaged file", async () => {
    const structure = join(run.cwd, "damaged.json");
    writeFileSync(structure, JSON.stringify({ problems: ["blk.0.attn_q.weight is missing", "more"] }));
    const context = stageContext(run, { ...inputs, structure });
    const params = { limits: [], referenced: false, parts: 1 };
    await expect(validateVariant.run(params, context)).rejects.toMatchObject({
      code: "QS-VALIDATE-STRUCTURE",
      message: expect.stringContaining("blk.0.attn_q.weight is missing (and 1 more)"),
    });
  });
});

describe("structure", () => {
  const problemsOf = async (model: string) => {
    const file = (name: string) => join(run.cwd, name);
    const of = { model, base: file("model.gguf"), quantize: file("quantize.json") };
    const context = stageContext(run, of);
    await checkStructure.run({}, context);
    return (JSON.parse(readFileSync(join(context.out, "structure.json"), "utf8")) as StructureReport).problems;
  };
  const damaged = async (edit: (content: Buffer, offsetOf: (tensor: string) => number) => Buffer | undefined) => {
    const gguf = await readGguf(join(run.cwd, "q4.gguf"));
    const content = readFileSync(gguf.path);
    const offsetOf = (name: string) => gguf.tensors.find((tensor) => tensor.name === name)?.offset ?? Number.NaN;
    const path = join(run.cwd, "damaged.gguf");
    writeFileSync(path, edit(content, offsetOf) ?? content);
    return problemsOf(path);
  };

  test("an intact variant has no problems", async () => {
    expect(await problemsOf(join(run.cwd, "q4.gguf"))).toEqual([]);
  });

  const rename = (from: string, to: string) => (content: Buffer) => {
    content.write(to, content.indexOf(from));
    return undefined;
  };
  test.each<[string, Parameters<typeof damaged>[0], RegExp]>([
    ["a truncated file", (content) => content.subarray(0, content.length - 100), /damaged\.gguf/],
    ["bytes after the end", (content) => Buffer.concat([content, Buffer.alloc(64)]), /64 unused bytes follow/],
    [
      "no template",
      rename("tokenizer.chat_template", "tokenizer.chat_templatX"),
      /chat template|chat_template" of the base is missing/,
    ],
    ["another template", rename("<|im_start|>", "<|im_stard|>"), /differs from the base/],
    ["no context length", rename("llama.context_length", "llama.context_lengtX"), /context_length/],
    ["another architecture", rename("general.architecture", "general.architectuXe"), /architecture/],
    ["a renamed tensor", rename("blk.1.ffn_up.weight", "blk.1.ffn_uX.weight"), /"blk\.1\.ffn_up\.weight" is missing/],
    [
      "NaN in a float tensor",
      (content, offsetOf) => {
        content.writeFloatLE(Number.NaN, offsetOf("blk.2.attn_norm.weight") + 40);
        return undefined;
      },
      /^tensor "blk\.2\.attn_norm\.weight" \(F32\) contains invalid values$/,
    ],
    [
      "an infinite scale in a quantized tensor",
      (content, offsetOf) => {
        content.writeUInt16LE(0x7c00, offsetOf("blk.3.attn_q.weight"));
        return undefined;
      },
      /^tensor "blk\.3\.attn_q\.weight" \(Q4_K\) contains invalid values$/,
    ],
  ])("%s is named", async (_what, edit, reason) => {
    expect((await damaged(edit)).join("\n")).toMatch(new RegExp(reason.source, "m"));
  });

  test("types that differ from the plan are named", async () => {
    const allocation = join(run.cwd, "allocation.json");
    writeFileSync(allocation, JSON.stringify({ types: { "blk.0.attn_q.weight": "Q6_K" } }));
    const file = (name: string) => join(run.cwd, name);
    const of = { model: file("q4.gguf"), base: file("model.gguf"), quantize: file("quantize.json"), allocation };
    const context = stageContext(run, of);
    await checkStructure.run({}, context);
    expect(readFileSync(join(context.out, "structure.json"), "utf8")).toContain(
      String.raw`tensor \"blk.0.attn_q.weight\" is Q4_K instead of the planned Q6_K`,
    );
  });
});
