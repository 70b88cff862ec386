import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { emptyCard } from "../../src/checkpoint/base-card.js";
import { checkGguf } from "../../src/checkpoint/gguf/check-gguf.js";
import { ggufCard } from "../../src/checkpoint/gguf/gguf-card.js";
import { selectHubGguf } from "../../src/checkpoint/gguf/select-hub-gguf.js";
import { findSplits } from "../../src/checkpoint/gguf/split-names.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { checkSourceWeights } from "../../src/stages/fetch/check-source.js";
import { failureOf } from "../fixtures/failure.js";
import {
  architecture,
  arrayPair,
  buildGguf,
  completeMetadata,
  type GgufPlan,
  stringPair,
  text,
  uint32Pair,
  valueType,
} from "../fixtures/gguf-builder.js";
import { sourceMetadata, sourceTensors, tensor, wholeSource, writeSplits } from "../fixtures/gguf-source.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();

function fileOf(plan: GgufPlan): [string, string[]] {
  const folder = mkdtempSync(join(base, "source-"));
  writeFileSync(join(folder, "m.gguf"), buildGguf(plan));
  return [folder, ["m.gguf"]];
}

describe("a GGUF source", () => {
  test("has the properties of a checkpoint", async () => {
    expect(await checkGguf(...fileOf({ metadata: sourceMetadata, tensors: sourceTensors }))).toMatchObject({
      architecture: "llama",
      parameters: 96,
      tensorBytes: 256,
      weights: ["m.gguf"],
      files: [{ path: "m.gguf", size: wholeSource().length }],
      unsafe: [],
    });
  });

  test("may have routed experts in MXFP4 beside floats of all kinds", async () => {
    const tensors = [tensor("a", "F32"), tensor("b", "F16"), tensor("blk.0.ffn_up_exps.weight", "MXFP4")];
    await expect(checkGguf(...fileOf({ metadata: sourceMetadata, tensors }))).resolves.toBeDefined();
  });

  test.each<[string, GgufPlan, string, RegExp]>([
    [
      "quantized",
      { tensors: [tensor("a"), tensor("b", "Q4_K"), tensor("c", "Q4_K")] },
      "QUANTIZED",
      /"b" is Q4_K \(2 of 3 tensors are quantized\)/,
    ],
    [
      "in MXFP4 outside the experts",
      { tensors: [tensor("blk.0.ffn_up.weight", "MXFP4")] },
      "QUANTIZED",
      /is MXFP4 \(1 of 1/,
    ],
    ["a projector", { metadata: [architecture, stringPair("general.type", "mmproj")] }, "NOT-MODEL", /projector/],
    ["an old projector", { metadata: [stringPair("general.architecture", "clip")] }, "NOT-MODEL", /projector/],
    ["an adapter", { metadata: [architecture, stringPair("general.type", "adapter")] }, "NOT-MODEL", /LoRA/],
    ["an imatrix", { metadata: [stringPair("general.type", "imatrix")] }, "NOT-MODEL", /importance matrix/],
    ["a vocabulary", { metadata: completeMetadata, tensors: [] }, "NOT-MODEL", /no tensors/],
  ])("that is %s is refused", async (_, plan, code, message) => {
    const metadata = plan.metadata ?? sourceMetadata;
    const error = await failureOf(checkGguf(...fileOf({ tensors: [tensor("a")], ...plan, metadata })));
    expect(error).toMatchObject({ code: `QS-FETCH-${code}`, at: undefined });
    expect(error.message).toMatch(message);
    expect(error.message).toContain('"m.gguf"');
  });

  test("with an access token in its chat template is refused, with the place and without the token", async () => {
    const secret = `hf_${"s3cr3t".repeat(5)}`;
    const metadata = [...sourceMetadata, stringPair("tokenizer.chat_template.rag", `{# /home/me #}\n{# ${secret} #}`)];
    const error = await failureOf(checkGguf(...fileOf({ metadata, tensors: sourceTensors })));
    expect(error.code).toBe("QS-CONVERT-TOKEN");
    expect(error.message).toMatch(/^"m.gguf" .* in line 2 of "tokenizer.chat_template.rag"/);
    expect(`${error.message} ${error.remedy}`).not.toContain("s3cr3t");
  });

  test("with an access token in its vocabulary is refused, but not with the header of a private key", async () => {
    const tokens = (last: string) =>
      arrayPair("tokenizer.ggml.tokens", valueType.string, [text("-----BEGIN RSA PRIVATE KEY-----"), text(last)]);
    const source = (last: string) => {
      const metadata = [...sourceMetadata.filter((pair) => !pair.includes("tokenizer.ggml.tokens")), tokens(last)];
      return checkGguf(...fileOf({ metadata, tensors: sourceTensors }));
    };
    await expect(source("/home/me")).resolves.toBeDefined();
    const error = await failureOf(source(`hf_${"s3cr3t".repeat(5)}`));
    expect(error).toMatchObject({ code: "QS-CONVERT-TOKEN", message: expect.stringContaining("item 1") });
    expect(`${error.message} ${error.remedy}`).not.toContain("s3cr3t");
  });

  test("is checked for NaN like a checkpoint", async () => {
    const [folder, names] = fileOf({ metadata: sourceMetadata, tensors: sourceTensors });
    const source = await checkGguf(folder, names);
    const check = () => checkSourceWeights(folder, source, "sample", { signal: new AbortController().signal });
    await check();
    const content = wholeSource();
    // The third value of the second row of `token_embd.weight`, all exponent bits set.
    content.writeUInt16LE(0x7fc0, (source.headers[0]?.tensors[0]?.offset ?? 0) + 2 * 34);
    writeFileSync(join(folder, "m.gguf"), content);
    const error = await failureOf(check());
    expect(error).toMatchObject({ code: "QS-FETCH-NAN", message: expect.stringContaining("at index 34") });
    expect(error.message).toContain('"token_embd.weight" in m.gguf');
  });

  test.each([
    ["NaN", 255],
    ["infinite values", 253],
  ])("is checked for MXFP4 scales of %s, also beyond the first chunk", async (_, scale) => {
    // More than 4 MiB, and no whole number of blocks in a chunk.
    const experts = tensor("blk.0.ffn_down_exps.weight", "MXFP4", 250_000);
    const [folder, names] = fileOf({ metadata: sourceMetadata, tensors: [experts] });
    const source = await checkGguf(folder, names);
    const check = () => checkSourceWeights(folder, source, "full", { signal: new AbortController().signal });
    await check();
    const file = await open(join(folder, "m.gguf"), "r+");
    await file.write(Uint8Array.of(scale), 0, 1, (source.headers[0]?.tensors[0]?.offset ?? 0) + 17 * 249_000);
    await file.close();
    const error = await failureOf(check());
    expect([error.code, error.message]).toEqual(["QS-FETCH-NAN", expect.stringMatching(/"blk.0.*index 7968000$/)]);
  });

  test("without a tokenizer is refused", async () => {
    const error = await failureOf(checkGguf(...fileOf({ metadata: [architecture], tensors: [tensor("a")] })));
    expect(error).toMatchObject({ code: "QS-CONVERT-TOKENIZER", message: expect.stringContaining("no tokenizer") });
  });

  test("with a token beyond its vocabulary is refused", async () => {
    const metadata = [...sourceMetadata, uint32Pair("tokenizer.ggml.bos_token_id", 2)];
    const error = await failureOf(checkGguf(...fileOf({ metadata, tensors: sourceTensors })));
    expect(error).toMatchObject({
      code: "QS-FETCH-METADATA",
      message: expect.stringContaining('"m.gguf": "tokenizer'),
    });
  });

  test("that does not exist is refused without a place, which the recipe gives", async () => {
    expect(await failureOf(checkGguf(base, ["none.gguf"]))).toMatchObject({ code: "QS-GGUF-MISSING", at: undefined });
  });
});

describe("splits", () => {
  const exists = (names: string[]) => (split: string) => names.includes(split);

  test("are found from the first one, and must all be there", async () => {
    const names = ["x/m-00001-of-00002.gguf", "x/m-00002-of-00002.gguf"];
    expect(await findSplits("x/m-00001-of-00002.gguf", exists(names))).toEqual(names);
    expect(await findSplits("m.gguf", exists([]))).toEqual(["m.gguf"]);
    const missing = await failureOf(findSplits("x/m-00001-of-00002.gguf", exists(names.slice(0, 1))));
    expect(missing).toMatchObject({
      code: "QS-FETCH-SPLIT",
      message: expect.stringContaining('"m-00002-of-00002.gguf"'),
    });
    const second = await failureOf(findSplits("x/m-00002-of-00002.gguf", exists(names)));
    expect(second).toMatchObject({ code: "QS-FETCH-SPLIT", remedy: expect.stringContaining("m-00001-of-00002.gguf") });
  });

  test("belong together", async () => {
    const folder = mkdtempSync(join(base, "splits-"));
    const names = writeSplits(folder);
    expect(await checkGguf(folder, names)).toMatchObject({ parameters: 96, weights: names });
    const [first = "", second = ""] = names;
    const refusal = async (files: string[]) => {
      const { code, message } = await failureOf(checkGguf(folder, files));
      expect(code).toBe("QS-FETCH-SPLIT");
      return message;
    };
    expect(await refusal([first])).toContain("is split 1 of 2, but its name has no split number");
    expect(await refusal([first, first])).toContain("is named as split 2 of 2");
    writeFileSync(join(folder, second), wholeSource());
    expect(await refusal(names)).toContain("is a whole file");
    rmSync(join(folder, second));
  });
});

describe("links to splits", () => {
  const [folder, other] = [mkdtempSync(join(base, "real-")), mkdtempSync(join(base, "other-"))];
  const names = writeSplits(folder);
  writeSplits(other);
  const linked = (...folders: string[]) => {
    const links = mkdtempSync(join(base, "links-"));
    for (const [index, target] of folders.entries())
      symlinkSync(join(target, names[index] ?? ""), join(links, names[index] ?? ""));
    return links;
  };

  test("lead to the folder of the first one's target, as in the Hugging Face cache", async () => {
    expect((await checkGguf(linked(folder, folder), names)).weights).toEqual(names);
  });

  test("that lead elsewhere are refused", async () => {
    const mixed = linked(folder, other);
    const error = await failureOf(checkGguf(mixed, names));
    expect(error).toMatchObject({ code: "QS-FETCH-LINK", at: { file: join(mixed, names[1] ?? "") } });
    const own = linked(folder, other);
    rmSync(join(own, names[0] ?? ""));
    cpSync(join(folder, names[0] ?? ""), join(own, names[0] ?? ""));
    expect((await failureOf(checkGguf(own, names))).code).toBe("QS-FETCH-LINK");
  });
});

describe("the card of a GGUF source", () => {
  const [folder, [name = ""]] = fileOf({ metadata: sourceMetadata, tensors: sourceTensors });
  const header = () => readGguf(join(folder, name));

  test("comes from the metadata", async () => {
    expect(ggufCard(await header(), emptyCard, null)).toEqual({
      card: { ...emptyCard, license: "apache-2.0", languages: ["en"], tags: ["chat"], baseModels: ["org/base"] },
      baseModel: "org/base",
    });
  });

  test("is completed by the repository's card, whose links are resolved in that repository", async () => {
    const repository = {
      ...emptyCard,
      license: "other",
      licenseLink: "LICENSE",
      baseModels: ["org/tuned"],
      gated: true,
    };
    const { card, baseModel } = ggufCard(await header(), repository, "me/m-GGUF");
    expect(card).toMatchObject({ license: "other", languages: ["en"], gated: true });
    expect(card.licenseLink).toMatch(/\/me\/m-GGUF\/blob\/main\/LICENSE$/);
    expect(baseModel).toBe("org/tuned");
  });

  test("takes no relative path for a base model", async () => {
    const repository = { ...emptyCard, baseModels: ["outputs/checkpoint-500"] };
    expect(ggufCard(await header(), repository, "me/m-GGUF").baseModel).toBe("me/m-GGUF");
  });

  test("of a repository that names no base is the repository's own", async () => {
    const bare = fileOf({ metadata: completeMetadata, tensors: sourceTensors });
    expect(ggufCard(await readGguf(join(bare[0], "m.gguf")), emptyCard, "me/m-GGUF").baseModel).toBe("me/m-GGUF");
  });
});

test("of a repository, the file, its splits, the model card and the licence are fetched", async () => {
  const names = ["BF16/m-00001-of-00002.gguf", "BF16/m-00002-of-00002.gguf"];
  const others = ["LICENSE", "README.md", "config.json", "m-Q4_K_M.gguf", "BF16/README.md"];
  const listing = [...names, ...others].map((path) => ({ path }));
  const { files, splits } = await selectHubGguf("hf:a/b", listing, names[0] ?? "");
  expect(splits.map(({ path }) => path)).toEqual(names);
  expect(files.map(({ path }) => path)).toEqual([...names, "LICENSE", "README.md"]);
  expect(await failureOf(selectHubGguf("hf:a/b", listing, "m.gguf"))).toMatchObject({
    ...{ code: "QS-HUB-MISSING", message: 'hf:a/b does not contain the file "m.gguf"' },
    remedy: expect.stringContaining("BF16/m-00001-of-00002.gguf"),
  });
});
