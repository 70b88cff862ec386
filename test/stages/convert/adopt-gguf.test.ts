import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { metadataString } from "../../../src/gguf/metadata.js";
import { readGguf } from "../../../src/gguf/read-header.js";
import type { ToolRun } from "../../../src/llamacpp/tool-run.js";
import { type AdoptParams, adoptGguf } from "../../../src/stages/convert/adopt-gguf.js";
import { sha256 } from "../../../src/util/sha256.js";
import type { Warning } from "../../../src/util/warnings.js";
import { arrayPair, buildGguf, stringPair, text, valueType } from "../../fixtures/gguf-builder.js";
import { sourceMetadata, sourceTensors, wholeSource, writeSplits } from "../../fixtures/gguf-source.js";
import { stageContext } from "../../fixtures/stage-context.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const home = temporaryFolder();

const codes = (value: string, size: number) =>
  [...Buffer.from(value)].map((code) => Buffer.concat([Buffer.of(code), Buffer.alloc(size - 1)]));

function snapshotOf(content: Buffer): string {
  const folder = mkdtempSync(join(home, "snapshot-"));
  writeFileSync(join(folder, "m.gguf"), content);
  return folder;
}

/** Runs the operation on the files of a folder. */
async function adopt(
  snapshot: string,
  change: Partial<AdoptParams> = {},
  names = ["m.gguf"],
  warn: (warning: Warning) => void = () => {},
) {
  const context = stageContext({ cwd: home, threads: 1 } as ToolRun, { snapshot }, { warn });
  const splits = names.map((path) => ({
    path,
    bytes: 0,
    digest: `sha256:${sha256(readFileSync(join(snapshot, path)))}`,
  }));
  const params = { splits, metadata: {}, cached: false, ...change };
  const prepared = await adoptGguf.prepare(params, context);
  const report = await adoptGguf.run(params, context, prepared);
  const file = join(context.out, "model.gguf");
  return {
    file,
    report,
    bytes: prepared.bytes,
    convert: JSON.parse(readFileSync(join(context.out, "convert.json"), "utf8")),
  };
}

describe("the base from a GGUF source", () => {
  test("is a copy of a user's file, which may be edited later", async () => {
    const snapshot = snapshotOf(wholeSource());
    const { file, report, bytes, convert } = await adopt(snapshot);
    expect(readFileSync(file).equals(wholeSource())).toBe(true);
    expect(statSync(file).ino).not.toBe(statSync(join(snapshot, "m.gguf")).ino);
    expect(report.expectedDigests).toEqual({ "model.gguf": sha256(wholeSource()) });
    expect(bytes).toBeGreaterThanOrEqual(wholeSource().length);
    expect(convert).toMatchObject({
      engine: "none",
      parameters: 96,
      architecture: "llama",
      contextLength: 2048,
      vocabulary: 2,
    });
  });

  test("is a link to a file in the cache", async () => {
    const snapshot = snapshotOf(wholeSource());
    const { file, report } = await adopt(snapshot, { cached: true });
    expect(statSync(file).ino).toBe(statSync(join(snapshot, "m.gguf")).ino);
    expect(report.digests).toEqual({ "model.gguf": sha256(wholeSource()) });
  });

  test("has the splits in one file", async () => {
    const snapshot = mkdtempSync(join(home, "snapshot-"));
    const { file } = await adopt(snapshot, {}, writeSplits(snapshot));
    expect(readFileSync(file).equals(wholeSource())).toBe(true);
  });

  test("has the recipe's metadata, and none of a former imatrix", async () => {
    const former = [
      ...sourceMetadata,
      stringPair("quantize.imatrix.file", "x"),
      stringPair("general.license.link", "x"),
    ];
    const snapshot = snapshotOf(buildGguf({ metadata: former, tensors: sourceTensors }));
    const metadata = { license: "mit", quantizedBy: "me", languages: ["de"] };
    const gguf = await readGguf((await adopt(snapshot, { metadata, cached: true })).file);
    expect(metadataString(gguf, "general.license")).toBe("mit");
    expect(metadataString(gguf, "general.quantized_by")).toBe("me");
    expect(gguf.metadata.get("general.languages")).toMatchObject({ items: ["de"] });
    expect(gguf.metadata.has("general.license.link")).toBe(false);
    expect(gguf.metadata.has("quantize.imatrix.file")).toBe(false);
    expect(gguf.tensors.map(({ name }) => name)).toEqual(sourceTensors.map(({ name }) => name));
  });

  test("has no paths of a machine, passwords or tokens of the source, which a warning names by their keys", async () => {
    const former = [
      ...sourceMetadata,
      stringPair("general.source.url", "https://user:s3cr3t@host/x"),
      stringPair("general.base_model.0.name", "/home/s3cr3t/llama"),
      arrayPair("general.datasets", valueType.string, [text("org/data"), text("~/s3cr3t")]),
      stringPair("quantize.imatrix.file", "/home/s3cr3t/x.gguf"),
      arrayPair("general.bytes", valueType.uint8, codes("/home/s3cr3t", 1)),
      arrayPair("general.numbers", valueType.int32, codes("/home/s3cr3t", 4)),
      stringPair("tokenizer.source", "/home/s3cr3t/tokenizer"),
      arrayPair("tokenizer.notes", valueType.string, [text("password=s3cr3t")]),
      stringPair("notes./home/s3cr3t/x", ""),
      stringPair("tokenizer.example", "a/b"),
      stringPair("tokenizer.chat_template.rag", "{# /home/me #}"),
      arrayPair("tokenizer.ggml.merges", valueType.string, [text("/home/me /x")]),
    ];
    const warnings: Warning[] = [];
    const snapshot = snapshotOf(buildGguf({ metadata: former, tensors: sourceTensors }));
    writeFileSync(join(snapshot, "README.md"), "---\nbase_model: /home/s3cr3t/base\n---\n");
    const { file } = await adopt(snapshot, { cached: true }, ["m.gguf"], (warning) => warnings.push(warning));
    expect(readFileSync(file).includes("s3cr3t")).toBe(false);
    expect(metadataString(await readGguf(file), "tokenizer.example")).toBe("a/b");
    expect(readFileSync(file, "latin1").match(/\/home\/\w+/g)).toEqual(["/home/me", "/home/me"]);
    expect(warnings[0]?.message).toContain(
      '"general.bytes", "general.numbers", "tokenizer.source", "tokenizer.notes" and "[private name of a key]"',
    );
    expect(warnings.map(({ code }) => code)).toEqual(["QW-METADATA-PRIVATE", "QW-METADATA-PRIVATE"]);
    expect(warnings[0]?.message).toContain('"general.source.url", "general.base_model.0.name", "general.datasets"');
    expect(warnings[1]?.message).toContain('"base_model"');
  });

  test("has nothing that llama.cpp's converter derives from the path of a base model or data set", async () => {
    const former = [
      ...sourceMetadata,
      stringPair("general.base_model.1.name", "Home/S3cr3t/Base 7b"),
      stringPair("general.base_model.1.repo_url", "https://huggingface.co//home/s3cr3t/base-7b"),
      stringPair("general.base_model.2.name", "Public"),
      stringPair("general.base_model.2.repo_url", "https://huggingface.co/org/public"),
      stringPair("general.dataset.0.name", "S3cr3t"),
      stringPair("general.dataset.0.repo_url", "https://huggingface.co//data/s3cr3t"),
      stringPair("general.dataset.1.name", "S3cr3t/Train"),
      stringPair("general.dataset.1.repo_url", "https://huggingface.co/runs/s3cr3t/train"),
      stringPair("general.description", "A merge of /home/s3cr3t/a and C:\\Users\\s3cr3t\\b"),
    ];
    const snapshot = snapshotOf(buildGguf({ metadata: former, tensors: sourceTensors }));
    const { file } = await adopt(snapshot, { cached: true });
    expect(readFileSync(file, "latin1").toLowerCase()).not.toContain("s3cr3t");
    expect(metadataString(await readGguf(file), "general.base_model.2.name")).toBe("Public");
  });

  test("has nothing that llama.cpp's converter derives from a relative path", async () => {
    const former = [
      ...sourceMetadata.filter((pair) => !pair.includes("general.tags")),
      stringPair("general.license.link", "S3cr3t/LICENSE"),
      stringPair("general.source.repo_url", "https://huggingface.co/runs/s3cr3t"),
      stringPair("general.base_model.1.name", "S3cr3t/Checkpoint 1200"),
      stringPair("general.base_model.1.version", "s3cr3t"),
      stringPair("general.base_model.1.organization", "Outputs"),
      stringPair("general.base_model.1.repo_url", "https://huggingface.co/outputs/s3cr3t/checkpoint-1200"),
      stringPair("general.base_model.2.name", "S3cr3t"),
      stringPair("general.base_model.2.repo_url", "https://huggingface.co/s3://s3cr3t/x"),
      stringPair("general.base_model.3.name", "Public"),
      stringPair("general.base_model.3.organization", "Org"),
      stringPair("general.base_model.3.repo_url", "https://huggingface.co/org/public"),
      stringPair("general.license.name", "terms of outputs/s3cr3t"),
      stringPair("general.dataset.0.name", "S3cr3t/My Data"),
      stringPair("general.dataset.1.name", "S3cr3t.jsonl"),
      arrayPair("general.tags", valueType.string, [text("chat"), text("base_model:adapter:outputs/s3cr3t")]),
    ];
    const snapshot = snapshotOf(buildGguf({ metadata: former, tensors: sourceTensors }));
    const warnings: Warning[] = [];
    const { file } = await adopt(snapshot, {}, ["m.gguf"], (warning) => warnings.push(warning));
    expect(readFileSync(file, "latin1").toLowerCase()).not.toContain("s3cr3t");
    expect(metadataString(await readGguf(file), "general.base_model.3.repo_url")).toContain("org/public");
    expect(warnings.map(({ code }) => code)).toEqual(["QW-METADATA-PRIVATE"]);
  });

  test("is written again where bytes follow the last tensor", async () => {
    const trailing = buildGguf({ metadata: sourceMetadata, tensors: sourceTensors, trailing: 64 });
    expect(readFileSync((await adopt(snapshotOf(trailing))).file).equals(wholeSource())).toBe(true);
  });
});
