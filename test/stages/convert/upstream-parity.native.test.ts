import { availableParallelism } from "node:os";
import { beforeAll, expect, test } from "vitest";
import { describePython } from "../../../src/llamacpp/python/python-env.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { convertUpstream } from "../../../src/stages/convert/convert-upstream.js";
import { describeConversion, readRecord, writeRecord } from "../../fixtures/checkpoints/conversion-record.js";
import { convertCheckpoint } from "../../fixtures/checkpoints/convert-checkpoint.js";
import { findSnapshot, snapshots } from "../../fixtures/checkpoints/snapshots.js";
import { noModel } from "../../fixtures/checkpoints/trained-models.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/** Python takes seconds to start. Two models are enough to detect a changed converter; `npm run test:parity` converts all. */
const mode = process.env.QUANTSMITH_PARITY ?? "some";
const chosen = snapshots.filter(({ name }) => mode !== "some" || ["mixtral", "tiny-llama"].includes(name));

const folder = temporaryFolder();
let run: ToolRun;

beforeAll(async () => {
  run = { toolchain: await resolveToolchain(), cwd: folder, threads: availableParallelism() };
});

test.for(chosen)("llama.cpp's converter produces the recorded file for $name", async (one, context) => {
  const { problem } = await describePython();
  if (problem) return context.skip(`not compared with llama.cpp's converter: ${problem.message}`);
  const snapshot = await findSnapshot(folder, one);
  if (snapshot === undefined) return context.skip(noModel);
  const made = await describeConversion(await convertCheckpoint(convertUpstream, one, snapshot, run));
  if (mode === "record") await writeRecord(one.name, made);
  expect(made).toEqual(await readRecord(one.name));
});
