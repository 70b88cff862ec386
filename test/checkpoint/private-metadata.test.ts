import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseBaseCard } from "../../src/checkpoint/base-card.js";
import { overrideCard } from "../../src/checkpoint/override-card.js";
import { isPrivate, privateCardWarning } from "../../src/checkpoint/private-metadata.js";
import { generalMetadata } from "../../src/converter/general/general-metadata.js";
import { knownType } from "../../src/quant/ggml-types.js";
import { renderBom } from "../../src/release/bom.js";
import { makeModelFolder } from "../../src/stages/convert/model-folder.js";
import { someFacts } from "../fixtures/release-facts.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const token = `hf_${"s3cr3t".repeat(5)}`;
const hidden = [
  ...["/home/s3cr3t/llama", "../s3cr3t", "~/s3cr3t", "~s3cr3t/x", "file:///s3cr3t", "data/../../s3cr3t"],
  ...["C:\\s3cr3t\\llama", "d:/s3cr3t", "\\\\server\\s3cr3t", "//server/s3cr3t"],
  ...["https://u:s3cr3t@host/x", "https://s3cr3t@host/x", `https://host/${token}`, token],
  ...[
    "password=s3cr3t",
    "password=123456",
    "token=s3cr3t",
    "HF_TOKEN=s3cr3t",
    "use api_key=s3cr3t, please",
    'login "db-passwd=s3cr3t"',
  ],
  ...["https://host/x?access_token=s3cr3t", "https://host/x?a=b&X-Amz-Signature=s3cr3t"],
  ...["https://huggingface.co//home/s3cr3t/x", "https://huggingface.co/~/s3cr3t", "https://huggingface.co/C:/s3cr3t"],
  ...["local:/home/s3cr3t/data", "finetuned from /home/s3cr3t/x", "path=/mnt/s3cr3t/q", "merge (/scratch/s3cr3t/a)"],
  ...["from /cluster7/s3cr3t", "see (/équipe/s3cr3t/x)", "data=/vol.2/s3cr3t", "at /s3cr3t/v1/x"],
  ...["see ~/s3cr3t", "$HOME/s3cr3t", "in $HOME/s3cr3t", "smb://fs1.corp/s3cr3t/x", "from file:///s3cr3t"],
  ...["C=C:\\Users\\s3cr3t\\m", "Merge of D:/models/s3cr3t/x", "on \\\\server\\s3cr3t\\x", "See '/Users/s3cr3t/x'."],
];
const open = [
  ...["org/name", "name", "a/b/c-1B", "./local/thing", "LICENSE", "./LICENSE", "/LICENSE", "docs/LICENSE.md", "~7B"],
  ...["https://host/x?hl=en", "https://huggingface.co/org/name", "ssh://git@huggingface.co/a/b", "llama3.2-community"],
  ...[
    "serves /v1/chat/completions",
    "see /api/models",
    "use /think or /no_think",
    "a<br/>b</i/>c",
    "1 /2/3",
    "a //b/c",
  ],
  ...["eos_token=</s>", "max_tokens=4096", "token=128009", "token==x", "password-cracking", "tokens=15T", "secret"],
  ...["and/or", "12 km/h", "a 50/50 merge of org/a and org/b", "2024/12/01", "Apache-2.0 / MIT", "n/a", "~7B/8B"],
  ...[
    "https://host/a/b",
    "https://host/home/me/x",
    "https://host/~me/x",
    "https://host:8080/data/x",
    "see https://host/x.",
  ],
  ...["https://web.archive.org/web/2024/https://host/x", "/no_think", "tags: a/b, c/d", "ratio 1:2", "x: y/z"],
  ...[
    "$f:\\mathbb{R}\\to\\mathbb{R}$",
    "home/office and work/life",
    "Profile: user/data",
    "s3://bucket/x",
    "1e-5 .. 2e-5",
  ],
];

test.each(hidden)("%s is private", (value) => expect(isPrivate(value)).toBe(true));
test.each(open)("%s is public", (value) => expect(isPrivate(value)).toBe(false));

const list = JSON.stringify([...hidden, "org/public"]);
const readme = `---
license: ${token}
license_name: /home/s3cr3t/terms
license_link: /home/s3cr3t/LICENSE
language: [en, ${token}]
tags: ${list}
datasets: ${list}
base_model: ${list}
---
`;

test("neither converter's metadata nor the bill of materials has private values of a card, and a warning names their fields", async () => {
  const home = temporaryFolder();
  const snapshot = join(home, "snapshot");
  mkdirSync(snapshot);
  writeFileSync(join(snapshot, "README.md"), readme);
  const source = { modelName: "Model", baseModel: null, metadata: {} };
  const tensors = [{ name: "token_embd.weight", shape: [1], type: knownType("F32"), data: [] }];
  const entries = JSON.stringify(await generalMetadata(snapshot, source, tensors));
  await makeModelFolder(join(home, "model"), snapshot, source);
  const converterCard = readFileSync(join(home, "model/README.md"), "utf8");
  const card = overrideCard(parseBaseCard(readme), {});
  const bom = renderBom({ ...someFacts, baseModel: null, card });
  for (const text of [entries, converterCard, bom, JSON.stringify(card)]) {
    expect(text).not.toContain("s3cr3t");
    expect(text).toContain("org/public");
  }
  const [warning, ...more] = privateCardWarning(parseBaseCard(readme));
  expect(more).toEqual([]);
  expect(warning).toMatchObject({ code: "QW-METADATA-PRIVATE" });
  expect(warning?.message).toContain('"license", "license_name", "license_link", "language", "tags", "datasets" and');
  expect(JSON.stringify(warning)).not.toContain("s3cr3t");
  expect(privateCardWarning(card)).toEqual([]);
});
