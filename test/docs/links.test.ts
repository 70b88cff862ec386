import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { anchor } from "../../scripts/docs/anchor.js";
import { packageRoot } from "../../src/util/package-root.js";

const root = fileURLToPath(packageRoot);
/** Committed and new Markdown files; those of the test fixtures are data. */
const documents = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && !path.startsWith("test/fixtures/") && existsSync(join(root, path)));

const read = (path: string) => readFileSync(join(root, path), "utf8");
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, "");

/** Anchors of a page: GitHub numbers those of headings with the same text. */
function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const name = anchor(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    anchors.add(count === 0 ? name : `${name}-${count}`);
  }
  return anchors;
}

function brokenLinks(path: string): string[] {
  const links = [...withoutCode(read(path)).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = ""]) => target);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = "", fragment] = link.split("#");
    const target = file === "" ? join(root, path) : resolve(root, dirname(path), file);
    // A path above the repository is a page of GitHub, such as ../../security.
    if (relative(root, target).startsWith("..")) return false;
    if (!existsSync(target)) return true;
    return fragment !== undefined && !anchorsOf(readFileSync(target, "utf8")).has(fragment);
  });
}

/** Paths of the repository in backticks, such as `src/plan/`; placeholders and globs name no single file. */
function missingPaths(path: string): string[] {
  const paths = [
    ...withoutCode(read(path)).matchAll(
      /`((?:src|test|docs|scripts|bench|devices|recipes|pipelines|schema|native|corpora)\/[^`\s]*)`/g,
    ),
  ];
  return paths.flatMap(([, name = ""]) => (/[<*…]/.test(name) || existsSync(join(root, name)) ? [] : [name]));
}

describe.each(documents)("%s", (path) => {
  test("links to files and headings that exist", () => {
    expect(brokenLinks(path)).toEqual([]);
  });

  test("names files that exist", () => {
    expect(missingPaths(path)).toEqual([]);
  });
});

test.each([
  ["README.md", 9000],
  ["ARCHITECTURE.md", 6000],
])("%s has at most %d bytes", (path, most) => {
  expect(statSync(join(root, path)).size).toBeLessThanOrEqual(most);
});
