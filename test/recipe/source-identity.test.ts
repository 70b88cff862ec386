import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sourceIdentity } from "../../src/recipe/source-identity.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const folder = temporaryFolder();

test("a repository, or a GGUF file in one, is the same model in every revision", async () => {
  const hub = { kind: "hub", repo: "org/name" } as const;
  for (const revision of ["main", "a".repeat(40)]) {
    expect(await sourceIdentity({ ...hub, revision })).toBe("hf:org/name");
    expect(await sourceIdentity({ ...hub, revision, file: "q8/m.gguf" })).toBe("hf:org/name/q8/m.gguf");
  }
});

test("a local source is its real path; one in the Hugging Face cache is its repository's entry", async () => {
  const entry = join(folder, "hub/models--org--name");
  const model = join(folder, "model");
  for (const path of [model, join(entry, "blobs"), join(entry, "snapshots/a"), join(entry, "snapshots/b")]) {
    mkdirSync(path, { recursive: true });
  }
  writeFileSync(join(entry, "blobs/digest"), "");
  symlinkSync("../../blobs/digest", join(entry, "snapshots/a/m.gguf"));
  symlinkSync(model, join(folder, "link"));
  const local = (path: string) => sourceIdentity({ kind: "local", path });
  expect([await local(model), await local(join(folder, "link")), await local("/gone/../model")]).toEqual([
    ...[model, model, "/model"],
  ]);
  for (const name of ["a", "b"]) expect(await local(join(entry, "snapshots", name))).toBe(entry);
  expect(await sourceIdentity({ kind: "gguf", path: join(entry, "snapshots/a/m.gguf") })).toBe(join(entry, "m.gguf"));
  expect(await sourceIdentity({ kind: "gguf", path: join(model, "m.gguf") })).toBe(join(model, "m.gguf"));
});
