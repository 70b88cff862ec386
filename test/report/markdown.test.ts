import { expect, test } from "vitest";
import { codeSpan, markdownLink, markdownTable, markdownText } from "../../src/report/markdown.js";

test("text is escaped and stays on one line", () => {
  expect(markdownText("a|b `c` <img> [x](y) *z* &lt;\n# Heading\u001b[1m")).toBe(
    "a\\|b \\`c\\` \\<img\\> \\[x\\](y) \\*z\\* \\&lt;\\\\n# Heading\\\\x1b\\[1m",
  );
  expect(markdownText("Qwen3-4B-Q4_K_M.gguf, R&D")).toBe("Qwen3-4B-Q4_K_M.gguf, R&D");
});

test("the fence of a code span is longer than any inside", () => {
  expect(codeSpan("a.gguf")).toBe("`a.gguf`");
  expect(codeSpan("a``b\nc")).toBe("``` a``b\\nc ```");
});

test("links refer to web pages or relative files", () => {
  expect(markdownLink("A [b]", "https://example.org/a_(b)%20c")).toBe("[A \\[b\\]](https://example.org/a_%28b%29%20c)");
  expect(markdownLink("Q4", "./a b|c.gguf")).toBe("[Q4](./a%20b%7Cc.gguf)");
  expect(markdownLink("A", "javascript:alert(1)")).toBe("A");
});

test("a table keeps its links and escapes its texts", () => {
  const rows = [["a|b\n| c", { markdown: markdownLink("Q4", "./q4.gguf") }]];
  expect(markdownTable(["File", "Link"], rows)).toBe(
    "| File | Link |\n| --- | --- |\n| a\\|b\\\\n\\| c | [Q4](./q4.gguf) |",
  );
});
