import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { metadataString } from "../../src/gguf/metadata.js";
import { readGguf } from "../../src/gguf/read-header.js";
import { runSubprocess } from "../../src/util/subprocess.js";
import { quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { makeTinyModel } from "../fixtures/tiny-model.js";

test("a missing folder for temporary files is an error with a remedy", async () => {
  const template = join(temporaryFolder(), "template.jinja");
  writeFileSync(template, "{{ messages[0].content }}");
  const args = ["edit-metadata", template, "--chat-template", template, "--json"];
  const result = await quantsmith(args, { env: { TMPDIR: "/nonexistent" } });
  expect(JSON.parse(result.stdout).error).toMatchObject({
    code: "QS-ENV-FILE",
    message: expect.stringContaining("/nonexistent"),
    remedy: expect.stringContaining("TMPDIR"),
  });
});

test("llama.cpp computes the same after an edit in place and after a rewrite", async () => {
  const home = temporaryFolder();
  const { toolchain } = await makeTinyModel(home);
  const perplexity = async (model: string) => {
    const args = ["-m", model, "-f", "calibration.txt", "--chunks", "2", "-c", "128", "-t", "1"];
    const result = await runSubprocess({ file: toolchain.tools["llama-perplexity"].path, args, cwd: home });
    return /Final estimate: PPL = [\d.]+ \+\/- [\d.]+/.exec(`${result.stdout}${result.stderr}`)?.[0];
  };
  const before = await perplexity("model.gguf");
  expect(before).toMatch(/PPL = \d/);

  const template = join(home, "template.jinja");
  const edit = async (file: string, ...more: string[]) => {
    const result = await quantsmith(["edit-metadata", join(home, file), ...more, "--json"]);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
    return JSON.parse(result.stdout) as { how: string; changes: { key: string; after: unknown }[] };
  };
  copyFileSync(join(home, "model.gguf"), join(home, "short.gguf"));
  writeFileSync(template, "{{ messages[0].content }}");
  const short = await edit("short.gguf", "--chat-template", template, "--set", "general.name=Mended");
  expect(short).toMatchObject({ how: "header", changes: [{ key: "general.name", after: "Mended" }, {}] });
  expect(await perplexity("short.gguf")).toBe(before);

  copyFileSync(join(home, "model.gguf"), join(home, "long.gguf"));
  writeFileSync(template, `{# ${"long ".repeat(5000)} #}{{ messages[0].content }}`);
  expect((await edit("long.gguf", "--chat-template", template)).how).toBe("rewritten");
  expect(await perplexity("long.gguf")).toBe(before);
  expect(metadataString(await readGguf(join(home, "long.gguf")), "tokenizer.chat_template")).toContain("long long");

  writeFileSync(template, "\ufeff{% for m in messages %}{{ m.content }}\r\n{% endfor %}");
  await edit("long.gguf", "--chat-template", template);
  expect(metadataString(await readGguf(join(home, "long.gguf")), "tokenizer.chat_template")).toBe(
    "{% for m in messages %}{{ m.content }}\n{% endfor %}",
  );

  const refusal = async (...more: string[]) => {
    const { exitCode, stdout } = await quantsmith(["edit-metadata", join(home, "long.gguf"), ...more, "--json"]);
    expect(exitCode).toBe(2);
    return JSON.parse(stdout).error as { code: string; message: string };
  };
  for (const [text, reason] of [
    ["{% if %}", "chat template: "],
    ["{{ bos_token }}", "does not render a user's message"],
    ["{{ raise_exception('no system') }}", "rejects a user's message: "],
  ] as const) {
    writeFileSync(template, text);
    for (const edit of [
      ["--chat-template", template],
      ["--set", `tokenizer.chat_template=${text}`],
    ]) {
      expect(await refusal(...edit)).toMatchObject({
        ...{ code: "QS-EDIT-TEMPLATE", message: expect.stringContaining(reason) },
      });
    }
  }
  expect((await refusal("--set", "tokenizer.chat_template.rag={% if %}")).code).toBe("QS-EDIT-TEMPLATE");
  const nothing = await quantsmith(["edit-metadata", join(home, "long.gguf"), "--json"]);
  expect([nothing.exitCode, JSON.parse(nothing.stdout).error.code]).toEqual([2, "QS-USAGE"]);
});
