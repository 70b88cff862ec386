import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { computeImatrix } from "../../src/llamacpp/imatrix.js";
import { computeMoments, type MomentsOptions, type MomentsResult } from "../../src/llamacpp/moments.js";
import { roundTensors } from "../../src/llamacpp/round.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { joinMoments } from "../../src/stages/calibrate/compute-moments.js";
import { sha256 } from "../../src/util/sha256.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";
import { until } from "../fixtures/until.js";

const folder = temporaryFolder();
let run: ToolRun;
let whole: MomentsResult;
const read = (name: string) => readFileSync(join(folder, name));
const digest = (name: string) => sha256(read(name));
const types = new Map([
  ["blk.0.attn_q.weight", ["Q4_K"]],
  ["blk.0.ffn_down.weight", ["Q3_K"]],
  ["blk.1.ffn_up.weight", ["IQ3_S"]],
  ["blk.2.attn_v.weight", ["Q8_0"]],
  ["token_embd.weight", ["Q6_K"]],
]);

function options(name: string, change: Partial<MomentsOptions> = {}): MomentsOptions {
  const files = { model: "model.gguf", text: "calibration.txt", out: `${name}-imatrix.gguf`, moments: `${name}.gguf` };
  const what = { layers: [0, 99] as const, output: true, sharedExperts: false, chunks: 12, context: 128 };
  return { ...run, ...files, ...what, state: `${name}.state`, ...change };
}

beforeAll(async () => {
  run = await makeTinyModel(folder);
  whole = await computeMoments(options("whole"));
});

test("the imatrix is llama-imatrix's, byte for byte", async () => {
  const { chunks, context, model, text } = options("whole");
  await computeImatrix({ ...run, model, text, chunks, context, out: "theirs.gguf" });
  expect(digest("whole-imatrix.gguf")).toBe(digest("theirs.gguf"));
});

test("passes over parts of the layers give the same file as one pass", async () => {
  await computeMoments(options("first", { layers: [0, 2] }));
  await computeMoments(options("second", { layers: [2, 99], output: false }));
  await joinMoments(
    ["first.gguf", "second.gguf"].map((name) => join(folder, name)),
    join(folder, "joined.gguf"),
  );
  expect(digest("joined.gguf")).toBe(digest("whole.gguf"));
});

test("a run killed with -9 resumes from its state and gives the same files", async () => {
  const killed = options("killed");
  const tool = run.toolchain.tools["llama-moments"]?.path ?? "";
  const args = [...whole.argv.slice(1).map((name) => name.replace(/^whole/, "killed")), "--state-seconds", "0"];
  const child = spawn(tool, args, { cwd: folder, stdio: "ignore" });
  await until(() => existsSync(join(folder, killed.state)));
  child.kill("SIGKILL");
  await once(child, "exit");
  const chunks: number[] = [];
  await computeMoments({ ...killed, onProgress: ({ done }) => chunks.push(done) });
  expect(chunks).not.toContain(1);
  expect(digest("killed.gguf")).toBe(digest("whole.gguf"));
  expect(digest("killed-imatrix.gguf")).toBe(digest("whole-imatrix.gguf"));
  expect(existsSync(join(folder, killed.state))).toBe(false);
});

test("rounding lowers the loss of every tensor, and its bytes depend on no thread count and no kill", async () => {
  const files = { model: "model.gguf", moments: "whole.gguf", types };
  const one = await roundTensors({ ...run, ...files, threads: 1, out: "one" });
  for (const { tensor, feedback, results } of one.tensors) {
    const [{ type, loss, nearest } = { type: "", loss: 1, nearest: 0 }] = results;
    // Codes of IQ3_S stay those of ggml's search.
    const share = type === "iq3_s" ? 1 : 0.8;
    expect({ tensor, feedback, better: loss < share * nearest }).toEqual({ tensor, feedback: true, better: true });
  }
  const three = await roundTensors({ ...run, ...files, threads: 3, out: "three" });
  expect(three.tensors).toEqual(one.tensors);
  expect(digest("three.bin")).toBe(digest("one.bin"));

  const args = [...three.argv.slice(1)].map((argument) => argument.replace(/^three\.(jsonl|bin)$/, "killed-$1"));
  const child = spawn(run.toolchain.tools["llama-round"]?.path ?? "", args, { cwd: folder, stdio: "ignore" });
  const ended = once(child, "exit");
  await until(() => existsSync(join(folder, "killed-jsonl")) && read("killed-jsonl").length > 0);
  child.kill("SIGKILL");
  await ended;
  for (const end of ["jsonl", "bin"]) renameSync(join(folder, `killed-${end}`), join(folder, `three.${end}`));
  await roundTensors({ ...run, ...files, threads: 3, out: "three" });
  expect(digest("three.bin")).toBe(digest("one.bin"));
});

test("a tensor without moments is left to rounding to nearest", async () => {
  const given = new Map([["blk.0.attn_norm.weight", ["Q8_0"]]]);
  const { tensors } = await roundTensors({
    ...run,
    model: "model.gguf",
    moments: "whole.gguf",
    types: given,
    out: "norm",
  });
  expect(tensors).toMatchObject([{ input: null, damping: null, feedback: false, bytes: 0 }]);
});

test("a calibration text that is too short is a clear error", async () => {
  const short = options("long", { text: "short.txt" });
  writeFileSync(join(folder, "short.txt"), "Too short.");
  await expect(computeMoments(short)).rejects.toMatchObject({ code: "QS-CALIBRATE-TEXT-SHORT" });
});
