import { describe, expect, test } from "vitest";
import { formatHubRef, parseHubFileRef, parseHubGgufRef, parseHubName, parseHubRef } from "../../src/hub/hub-ref.js";

const commit = "0123456789abcdef0123456789abcdef01234567";

describe("a repository", () => {
  test.each([
    ["hf:org/name", { repo: "org/name" }],
    ["hf:org/name@main", { repo: "org/name", revision: "main" }],
    ["hf:org/name@v1.0-rc_2", { repo: "org/name", revision: "v1.0-rc_2" }],
    [`hf:org/name@${commit}`, { repo: "org/name", revision: commit }],
    ["hf:org/name@refs/pr/3", { repo: "org/name", revision: "refs/pr/3" }],
    ["hf:org/name@feature/long/name", { repo: "org/name", revision: "feature/long/name" }],
    ["hf:org/name@feature%2Fx", { repo: "org/name", revision: "feature/x" }],
    ["hf:_my.org-1/Qwen3_0.6B-GGUF@a", { repo: "_my.org-1/Qwen3_0.6B-GGUF", revision: "a" }],
  ])("%s", (text, ref) => {
    expect(parseHubRef(text)).toEqual(ref);
    expect(parseHubName(text.slice("hf:".length))).toEqual(ref);
    expect(parseHubRef(formatHubRef(ref))).toEqual(ref);
  });

  test.each([
    ...["", "hf:", "hf:name", "hf:/name", "hf:org/", "hf:org/name/more", "hf:.org/name", "hf:org/-name", "hf:@main"],
    ...["org/name", "HF:org/name", " hf:org/name", "hf:org/name\n", `hf:org/${"a".repeat(97)}`, "hf:org/name@"],
    ...["hf:org/name@a b", "hf:org/name@../x", "hf:org/name@a/../b", "hf:org/name@a/.b", "hf:org/name@/a"],
    ...["hf:org/name@a/", "hf:org/name@a//b", "hf:org/name@-a", "hf:org/name@a@b", "hf:org/name@a%00"],
  ])("%j is rejected", (text) => {
    expect(parseHubRef(text)).toBeUndefined();
  });
});

describe("a file", () => {
  test.each([
    ["hf:org/set@main/a.txt", "main", "a.txt"],
    ["hf:org/set@v1/deep/er/a.txt", "v1", "deep/er/a.txt"],
    ["hf:org/set@refs/pr/3/a.txt", "refs/pr/3", "a.txt"],
    ["hf:org/set@refs/pr/30/deep/a.txt", "refs/pr/30", "deep/a.txt"],
    ["hf:org/set@refs%2Fpr%2F3/a.txt", "refs/pr/3", "a.txt"],
    ["hf:org/set@refs/convert/parquet/a.txt", "refs/convert/parquet", "a.txt"],
    ["hf:org/set@feature%2fx/y.txt", "feature/x", "y.txt"],
  ])("%s", (text, revision, path) => {
    expect(parseHubFileRef(text)).toEqual({ repo: "org/set", revision, path });
  });

  test.each([
    ...["hf:org/set", "hf:org/set/a.txt", "hf:org/set@main", "hf:org/set@main/", "hf:org/set@/a.txt"],
    ...["hf:org/set@refs/pr/3", "hf:org/set@refs/heads/main/a.txt", "hf:org/set@main/a/../b", "hf:org/set@main//a"],
    ...["hf:org/set@main/a b", "hf:org/set@main/a#b", "hf:org/set@main/a?b", "hf:org/set@ma in/a", "hf:set@main/a"],
  ])("%j is rejected", (text) => {
    expect(parseHubFileRef(text)).toBeUndefined();
  });
});

describe("a GGUF file of a model", () => {
  test.each([
    ["hf:org/name/a.gguf", { repo: "org/name", path: "a.gguf" }],
    [
      "hf:org/name/BF16/a-00001-of-00002.gguf@v1",
      { repo: "org/name", path: "BF16/a-00001-of-00002.gguf", revision: "v1" },
    ],
    ["hf:org/name/a.gguf@refs/pr/3", { repo: "org/name", path: "a.gguf", revision: "refs/pr/3" }],
    ["hf:org/name/a.gguf@feature%2Fx", { repo: "org/name", path: "a.gguf", revision: "feature/x" }],
    // As texts of data sets are named.
    ["hf:org/name@main/deep/a.gguf", { repo: "org/name", path: "deep/a.gguf", revision: "main" }],
    ["hf:org/name@refs/pr/3/a.gguf", { repo: "org/name", path: "a.gguf", revision: "refs/pr/3" }],
  ])("%s", (text, ref) => {
    expect(parseHubGgufRef(text)).toEqual(ref);
  });

  test.each([
    ...["hf:org/name", "hf:org/name@main", "hf:org/model.gguf", "hf:org/model.gguf@v1", "hf:org/name@x.gguf"],
    ...["hf:org/name/a.bin", "hf:org/name/../a.gguf", "hf:org/name//a.gguf", "hf:org/name/a.gguf@", "hf:name/a.gguf"],
    ...["hf:org/name/a.gguf@../x", "hf:.org/name/a.gguf", "org/name/a.gguf", "hf:org/name/a b.gguf"],
  ])("%j is none", (text) => {
    expect(parseHubGgufRef(text)).toBeUndefined();
  });
});
