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
  writeFileSync(
    join(folder, "transformers.py"),
    `
class PreTrainedTokenizerBase:
    vocab_files_names = {}
    @classmethod
    def _from_pretrained(cls, files, folder, *args, **kwargs):
        print({**{"vocab_file": "/home/me/token"}, **kwargs})
`,
  );
  expect((await printed(script)).split("\n")).toEqual([
    "{'vocab_file': 'model/vocab.txt', 'use_fast': True, 'tokenizer_file': None}",
    "the converter may not read files outside the checkpoint",
  ]);
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
