import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { loadRecipe } from "../../src/recipe/load-recipe.js";
import { failure, temporaryFolder, writeMarked } from "./bad-file.js";

const folder = temporaryFolder();
writeFileSync(join(folder, "about.md"), "Our *own* words.\n");
writeFileSync(join(folder, "card.md"), "{{title}}\n\n{{ preface }}\n\n{{sections}}\n");
writeFileSync(join(folder, "bad.md"), "# Mine\n\n{{files}} {{fils}}\n");

const load = (card: string, at = folder) =>
  loadRecipe(
    writeMarked(at, "r.yaml", `version: 1\nmodel: { source: hf:org/M }\nvariants: [Q8_0]\ncard: ${card}\n`).path,
  );

test("preface and template of a card are read from files; a preface can be a text", async () => {
  const { card } = await load("{ preface: ./about.md, template: ./card.md, sections: [run, files] }");
  expect(card).toEqual({
    preface: "Our *own* words.\n",
    sections: ["run", "files"],
    template: "{{title}}\n\n{{ preface }}\n\n{{sections}}\n",
  });
  expect((await load('{ preface: "See about.md\\n" }')).card).toEqual({ preface: "See about.md\n" });
  expect((await load("{}")).card).toEqual({});
});

test("files elsewhere and hidden ones are not published, also through a link", async () => {
  const elsewhere = join(temporaryFolder(), "notes.md");
  writeFileSync(elsewhere, "{{sections}}\n");
  symlinkSync(elsewhere, join(folder, "link.md"));
  mkdirSync(join(folder, ".git"));
  writeFileSync(join(folder, ".git", "config"), "{{sections}}\n");
  for (const card of [`{ template: ${elsewhere} }`, "{ preface: ./link.md }", "{ template: .git/config }"]) {
    const { code, message } = await failure(load(card));
    expect([code, message]).toEqual(["QS-RECIPE-INVALID", expect.stringContaining("is hidden, or not in")]);
  }
  // The folder is a repository now.
  mkdirSync(join(folder, "recipes"));
  expect((await load("{ preface: ../about.md }", join(folder, "recipes"))).card.preface).toContain("Our *own*");
});

test.skipIf(process.platform !== "linux")("the environment is not a text", async () => {
  vi.stubEnv("HF_TOKEN", `hf_${"A1".repeat(17)}`);
  await expect(load("{ template: /proc/self/environ }")).rejects.toMatchObject({ code: "QS-RECIPE-INVALID" });
  vi.unstubAllEnvs();
});

test("a token is an error with its place, wherever it is: in a link to the token file, a template or the recipe", async () => {
  const token = `hf_${"A1".repeat(17)}`;
  writeFileSync(join(folder, "token"), `${token}\n`);
  symlinkSync(join(folder, "token"), join(folder, "pre.md"));
  writeFileSync(join(folder, "with-token.md"), `{{sections}}\n\nHF_TOKEN=${token}\n`);
  for (const [card, file, line] of [
    ["{ preface: ./pre.md }", "pre.md", 1],
    ["{ template: ./token }", "token", 1],
    ["{ template: ./with-token.md }", "with-token.md", 3],
    [`{ preface: "${token}" }`, "r.yaml", 4],
    [`{ preface: "hf_oauth_${"a".repeat(30)}" }`, "r.yaml", 4],
    [`{ preface: "ghp_${"a".repeat(36)}" }`, "r.yaml", 4],
    ['{ preface: "-----BEGIN OPENSSH PRIVATE KEY-----" }', "r.yaml", 4],
  ] as const) {
    const error = await failure(load(card));
    expect([error.code, error.at]).toEqual(["QS-RECIPE-TOKEN", { file: join(folder, file), line }]);
    expect(error.message).not.toContain(token);
  }
});

test.each([
  ["{ preface: ./none.md }", "none.md", { file: join(folder, "r.yaml"), line: 4 }],
  ["{ template: . }", "cannot read", { file: join(folder, "r.yaml"), line: 4 }],
  ["{ template: ./bad.md }", 'unknown placeholder "{{fils}}"', { file: join(folder, "bad.md"), line: 3 }],
  [
    "{ template: ./about.md, preface: Hi }",
    'does not contain its "preface"',
    { file: join(folder, "r.yaml"), line: 4 },
  ],
  ["{ sections: [files, fils] }", "fils", { file: join(folder, "r.yaml"), line: 4 }],
  ["{ sections: [files, run, files] }", "listed twice", { file: join(folder, "r.yaml"), line: 4 }],
])("an invalid card is an error with its place: %s", async (card, message, at) => {
  await expect(load(card)).rejects.toMatchObject({
    code: "QS-RECIPE-INVALID",
    message: expect.stringContaining(message),
    at: expect.objectContaining(at),
  });
});
