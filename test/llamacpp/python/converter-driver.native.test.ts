import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { converterEnvironment, driverArguments } from "../../../src/llamacpp/python/converter-driver.js";
import { findPython } from "../../../src/llamacpp/python/find-python.js";
import { runSubprocess } from "../../../src/util/subprocess.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

const folder = temporaryFolder();
const python = await findPython().catch(() => undefined);

/** Returns the output of a script that the driver runs instead of the converter. */
async function printed(script: string, args: readonly string[] = [], pretokenizer?: string): Promise<string> {
  const file = join(folder, "script.py");
  writeFileSync(file, script);
  const result = await runSubprocess({
    ...{ file: python?.path ?? "", args: driverArguments(file, args, pretokenizer), cwd: folder },
    env: converterEnvironment(1, folder),
  });
  expect(result.exitCode, result.stderr).toBe(0);
  return result.stdout.trim();
}

/** Writes a stand-in of transformers that reads a tokenizer with these lines. */
function writeTransformers(...lines: readonly string[]): void {
  const head = ["import json", "class PreTrainedTokenizerBase:", "    vocab_files_names = {}", "    @classmethod"];
  const method = [
    "    def _from_pretrained(cls, files, folder, *args, **kwargs):",
    ...lines.map((line) => `        ${line}`),
  ];
  writeFileSync(join(folder, "transformers.py"), [...head, ...method, ""].join("\n"));
}

test("the script runs as if called directly", async (context) => {
  if (python === undefined) context.skip("needs a Python on the PATH");
  const script = "import sys; print(__name__, sys.argv, sys.path[0])";
  const file = join(folder, "script.py");
  expect(await printed(script, ["--a", "b c"])).toBe(`__main__ ['${file}', '--a', 'b c'] ${folder}`);
});

test("all network access is blocked", async (context) => {
  if (python === undefined) context.skip("needs a Python on the PATH");
  const script = `
import socket, urllib.request
for attempt in [
    lambda: socket.create_connection(("127.0.0.1", 9)),
    lambda: socket.getaddrinfo("huggingface.co", 443),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    lambda: urllib.request.urlopen("http://127.0.0.1:9/"),
]:
    try:
        attempt()
    except OSError as error:
        print(error)
`;
  const lines = (await printed(script)).split("\n");
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line).toContain("may not use the network");
});

test("code that transformers loads into its modules is not run", async (context) => {
  if (python === undefined) context.skip("needs a Python on the PATH");
  const script = `
import importlib.util, os
assert os.environ["HF_HOME"].startswith(os.getcwd())
def load(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "w").write("print('ran')")
    spec = importlib.util.spec_from_file_location("foreign", path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
load(os.path.join(os.getcwd(), "other", "own.py"))
try:
    load(os.path.join(os.environ["HF_MODULES_CACHE"], "transformers_modules", "x", "code.py"))
except PermissionError as error:
    print(error)
`;
  expect((await printed(script)).split("\n")).toEqual(["ran", "the converter may not run the checkpoint's code"]);
});

test("a tokenizer is read from the checkpoint only, whatever tokenizer_config.json names", async (context) => {
  if (python === undefined) context.skip("needs a Python on the PATH");
  const script = `
import os
from transformers import PreTrainedTokenizerBase
class Bert(PreTrainedTokenizerBase):
    vocab_files_names = {"vocab_file": "vocab.txt", "tokenizer_file": "tokenizer.json"}
own = os.path.join("model", "vocab.txt")
Bert._from_pretrained({"vocab_file": own, "tokenizer_file": None, "tokenizer_config_file": "model/x"}, "model", use_fast=True)
try:
    Bert._from_pretrained({"tokenizer_file": "model/../tokenizer.1.json"}, "model")
except PermissionError as error:
    print(error)
`;
  // As in transformers: keywords of the call take precedence over tokenizer_config.json.
  writeTransformers(`print({**{"vocab_file": "/home/me/token"}, **kwargs})`);
  expect((await printed(script)).split("\n")).toEqual([
    "{'vocab_file': 'model/vocab.txt', 'use_fast': True, 'tokenizer_file': None}",
    "the converter may not read files outside the checkpoint",
  ]);
});

test("a tokenizer gets no path outside the checkpoint, whatever its parameter is called", async (context) => {
  if (python === undefined) context.skip("needs a Python on the PATH");
  const script = `
import json, os
from transformers import PreTrainedTokenizerBase
class Base(PreTrainedTokenizerBase):
    def __init__(self, *args, **kwargs):
        print(json.dumps([args, kwargs]))
class Blenderbot(Base):
    def __init__(self, *args, mark="</s>", **kwargs):
        super().__init__("/unread", *args, mark=mark, **kwargs)
files = {"tokenizer_file": "model/tokenizer.json", "merges_file": None, "chat_template_file": None}
for cls in [Blenderbot, Blenderbot, Base]:
    cls._from_pretrained(files, "model", use_fast=True)
`;
  writeFileSync(join(folder, "beside.txt"), "secret");
  // As in transformers: keywords of the call replace tokenizer_config.json, and special_tokens_map.json empty ones.
  const foreign = join(folder, "tokenizer.json");
  const config = {
    ...{ tokenizer_file: foreign, vocab_file: foreign, spm_file: "../x/y", extra: "beside.txt", errors: "replace" },
    sp_model_kwargs: { model_file: foreign, nested: { paths: [foreign, "x"] }, alpha: 0.1 },
    mecab_kwargs: { mecab_option: `-d ${folder}`, mecab_dic: "unidic" },
    name_or_path: join(folder, "model"),
    eos_token: "/",
    additional_special_tokens: ["/etc", "</s>"],
    added_tokens_decoder: { "0": { content: "/" } },
    chat_template: "/{{ x }}/",
  };
  writeTransformers(
    `init = {**json.loads(${JSON.stringify(JSON.stringify(config))}), **kwargs}`,
    `init["merges_file"] = kwargs.get("merges_file") or ${JSON.stringify(foreign)}`,
    `cls("/home/me/token", *args, **init)`,
  );
  const kept = {
    ...{
      tokenizer_file: "model/tokenizer.json",
      errors: "replace",
      name_or_path: join(folder, "model"),
      use_fast: true,
    },
    sp_model_kwargs: { nested: { paths: ["x"] }, alpha: 0.1 },
    mecab_kwargs: { mecab_dic: "unidic" },
    ...{ eos_token: "/", additional_special_tokens: ["/etc", "</s>"], chat_template: "/{{ x }}/" },
    added_tokens_decoder: { "0": { content: "/" } },
  };
  const lines = (await printed(script)).split("\n").map((line) => JSON.parse(line));
  const blenderbot = [["/unread", null], { ...kept, mark: "</s>" }];
  expect(lines).toEqual([blenderbot, blenderbot, [[null], kept]]);
});

test("no token is available, neither in the environment nor in its file", async (context) => {
  if (python === undefined) context.skip("needs a Python on the PATH");
  process.env.HF_TOKEN = "hf_canary";
  try {
    const script = "import os; print(os.environ, open(os.environ['HF_TOKEN_PATH']).read())";
    expect(await printed(script)).not.toContain("canary");
  } finally {
    delete process.env.HF_TOKEN;
  }
});
