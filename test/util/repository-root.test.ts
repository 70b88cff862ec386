import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { repositoryRoot } from "../../src/util/repository-root.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const folder = (...parts: string[]) => {
  const path = join(base, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
};

beforeEach(() => void vi.stubEnv("HOME", folder("home")));
afterAll(() => void vi.unstubAllEnvs());

test("the root of the repository that contains a folder", () => {
  const root = folder("home", "projects", "repository");
  folder("home", "projects", "repository", ".git");
  expect(repositoryRoot(folder("home", "projects", "repository", "a", "b"))).toBe(root);
  expect(repositoryRoot(root)).toBe(root);
});

test("a repository at the home folder or above it does not count", () => {
  const recipe = folder("home", "downloads", "stranger");
  folder("home", ".git");
  folder(".git");
  expect(repositoryRoot(recipe)).toBe(recipe);
  expect(repositoryRoot(folder("home"))).toBe(folder("home"));
  expect(repositoryRoot(folder("elsewhere"))).toBe(folder("elsewhere"));
});
