import { describe, expect, test } from "vitest";
import { licenseUrl } from "../../src/checkpoint/license-url.js";

describe("the address of a licence", () => {
  test.each([
    ["https://example.org", "https://example.org"],
    ["http://example.org/a(b)", "http://example.org/a(b)"],
    ['HTTPS://Example.org/ "><b>', "https://example.org/%20%22%3E%3Cb%3E"],
    ["LICENSE", "https://huggingface.co/org/Model/blob/main/LICENSE"],
    ["./terms/a b#c?d%2e", "https://huggingface.co/org/Model/blob/main/terms/a%20b%23c%3Fd%252e"],
    ["//evil.example", "https://huggingface.co/org/Model/blob/main/evil.example"],
  ])("%j is %s", (link, url) => {
    expect(licenseUrl(link, "org/Model")).toBe(url);
  });

  test.each([
    ...[
      "javascript:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "https:",
      "https://huggingface.co@evil.example",
    ],
    ...["../../evil/repo", "a/../../b", "./", "a//b", "."],
  ])("%j is none", (link) => {
    expect(licenseUrl(link, "org/Model")).toBeNull();
  });

  test.each([null, "org", "org/../x", "org/M)](https://evil.example"])("a file of %j is none", (repo) => {
    expect(licenseUrl("LICENSE", repo)).toBeNull();
  });
});
