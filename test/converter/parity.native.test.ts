import { rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readConfig } from "../../src/checkpoint/read-config.js";
import { findFamily } from "../../src/converter/families/find-family.js";
import { readModelConfig } from "../../src/converter/model-config.js";
import { readVocabulary } from "../../src/converter/vocabulary/read-vocabulary.js";
import { completeText } from "../../src/llamacpp/completion.js";
import type { ToolRun } from "../../src/llamacpp/tool-run.js";
import { readPretokenizers } from "../../src/llamacpp/toolchain/pretokenizers.js";
import { resolveToolchain } from "../../src/llamacpp/toolchain/toolchain.js";
import { convertNative } from "../../src/stages/convert/convert-native.js";
import { correctVocabulary } from "../../src/stages/convert/correct-vocabulary.js";
import { sha256File } from "../../src/util/sha256.js";
import { describeConversion, readRecord } from "../fixtures/checkpoints/conversion-record.js";
import { convertCheckpoint } from "../fixtures/checkpoints/convert-checkpoint.js";
import { correctedEntries, findSnapshot, snapshots } from "../fixtures/checkpoints/snapshots.js";
import { noModel } from "../fixtures/checkpoints/trained-models.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = temporaryFolder();
let run: ToolRun;

beforeAll(async () => {
  run = { toolchain: await resolveToolchain(), cwd: folder, threads: availableParallelism() };
});

test.for(snapshots)(
  "$name converts to upstream's bytes with the listed corrections, and llama.cpp runs the file",
  async (one, context) => {
    const snapshot = await findSnapshot(folder, one);
    if (snapshot === undefined) return context.skip(noModel);
    const model = await convertCheckpoint(convertNative, one, snapshot, run);
    await expectRecorded(model, one.name);
    expect(await correctionsOf(snapshot)).toEqual(correctedEntries[one.name] ?? []);
    await expectRuns(model);
    await rm(model);
  },
);

/** Compares digests first; describes a file only if they differ. */
async function expectRecorded(model: string, name: string): Promise<void> {
  const recorded = await readRecord(name);
  if ((await sha256File(model)) === recorded.sha256) return;
  expect(await describeConversion(model)).toEqual(recorded);
}

/** Returns the vocabulary's entries that are not those of llama.cpp's converter. */
async function correctionsOf(folder: string): Promise<string[]> {
  const { config } = await readConfig(join(folder, "config.json"), "infinity");
  const family = findFamily(config);
  if (family === undefined) throw new Error("the family is not native");
  const { values } = readModelConfig(family, config);
  const context = { work: folder, signal: new AbortController().signal };
  const known = await readPretokenizers(run.toolchain);
  const before = await readVocabulary({
    ...{ folder, kind: family.vocabulary, config: values, pretokenizer: "auto", known, context },
  });
  const after = [...before];
  await correctVocabulary(after, folder);
  const unchanged = new Set(before.map(([, value]) => value));
  return after.filter(([, value]) => !unchanged.has(value)).map(([key]) => key);
}

async function expectRuns(model: string): Promise<void> {
  const cwd = dirname(model);
  await writeFile(join(cwd, "prompt.txt"), "Once upon a time");
  const options = { model: "model.gguf", prompt: "prompt.txt", tokens: 4, seed: 1, temperature: 0 };
  const { text } = await completeText({ ...run, cwd, ...options });
  expect(text).toContain("Once upon a time");
}
