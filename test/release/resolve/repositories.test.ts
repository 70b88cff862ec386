import { describe, expect, test } from "vitest";
import { hubLabel } from "../../../src/quant/names.js";
import { findResolutionProblems } from "../../../src/release/resolve/find-problems.js";
import { hubOrder, modelFiles } from "../../../src/release/resolve/gguf-name.js";
import { resolveManifest } from "../../../src/release/resolve/hub-manifest.js";
import { resolveLlamaCpp } from "../../../src/release/resolve/llama-cpp.js";
import { resolveNodeLlamaCpp } from "../../../src/release/resolve/node-llama-cpp.js";
import { resolveOllama } from "../../../src/release/resolve/ollama.js";
import { resolvePocketPal } from "../../../src/release/resolve/pocketpal.js";
import { repositories } from "./repositories.js";

test("the file lists are at least forty, with unique titles", () => {
  expect(repositories.length).toBeGreaterThanOrEqual(40);
  expect(new Set(repositories.map(({ title }) => title)).size).toBe(repositories.length);
});

describe.each(repositories)("$title", (repository) => {
  const files = hubOrder(repository.files);

  test("each runtime resolves the expected file", () => {
    for (const [tag, expected] of Object.entries(repository.picks)) {
      const wanted = tag === "" ? undefined : tag;
      const { llama, hub } =
        typeof expected === "object" && expected !== null ? expected : { llama: expected, hub: expected };
      const refused = repository.ollamaRefuses?.includes(tag) === true;
      expect(
        {
          llama: resolveLlamaCpp(files, wanted).file,
          hub: resolveManifest(files, wanted).file,
          node: resolveNodeLlamaCpp(files, wanted).file,
          ollama: resolveOllama(files, wanted).file,
        },
        `tag ${tag}`,
      ).toEqual({ llama, hub, node: hub, ollama: refused ? null : hub });
    }
  });

  test("projectors are paired, and PocketPal lists the expected files", () => {
    const pick = resolveLlamaCpp(files);
    expect(pick.file === null ? undefined : pick.mmproj).toBe(repository.llamaMmproj);
    for (const [model, projector] of Object.entries(repository.pocketpal ?? {})) {
      const taken = resolvePocketPal(files, model);
      expect([taken.file, taken.file === null ? undefined : (taken.mmproj ?? null)]).toEqual([model, projector]);
    }
    const hidden = modelFiles(files).filter((file) => resolvePocketPal(files, file).file === null);
    expect(hidden).toEqual(repository.pocketpalHides ?? []);
  });

  test("labels and problems are as expected", () => {
    for (const [file, label] of Object.entries(repository.labels ?? {})) {
      expect(hubLabel(file.slice(file.lastIndexOf("/") + 1)), file).toBe(label);
    }
    const codes = new Set(findResolutionProblems(repository.files).map(({ code }) => code));
    expect([...codes].toSorted()).toEqual(repository.problems.toSorted());
  });
});

test("a tag is a name, no regular expression that may never end", () => {
  expect(resolveLlamaCpp(["m-AA.gguf"], "a+").file).toBeNull();
  expect(resolveLlamaCpp(["m-Q4_K_M.gguf"], "q4.k_m").file).toBe("m-Q4_K_M.gguf");
});
