import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { RecipeError } from "../../src/recipe/yaml/diagnostics.js";
import { type Diagnostic, QuantsmithError } from "../../src/util/errors.js";

/** Marks the place of an expected problem: the next character. */
const mark = "▸";

/** Creates a folder named `recipes` for a test file, removed at its end. A random name could look like a type's label. */
export function temporaryFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), "quantsmith-recipe-"));
  const folder = join(parent, "recipes");
  mkdirSync(folder);
  afterAll(() => rmSync(parent, { recursive: true, force: true }));
  return folder;
}

/** Writes a file without its marks; returns its path and the marked places as "line:column", in order. */
export function writeMarked(folder: string, name: string, marked: string): { path: string; places: string[] } {
  const pieces = marked.split(mark);
  const places = pieces.slice(0, -1).map((_, index) => {
    const before = pieces
      .slice(0, index + 1)
      .join("")
      .split("\n");
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  });
  const path = join(folder, name);
  writeFileSync(path, pieces.join(""));
  return { path, places };
}

export function placeOf({ at }: Pick<Diagnostic, "at">): string {
  return `${at.line}:${at.column}`;
}

/** Returns the QuantsmithError that a promise rejects with; any other outcome fails the test. */
export async function failure(promise: Promise<unknown>): Promise<QuantsmithError> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (reason: unknown) => reason,
  );
  if (error instanceof QuantsmithError) return error;
  throw error;
}

/** Returns all problems that a promise rejects with. */
export async function problems(promise: Promise<unknown>): Promise<readonly Diagnostic[]> {
  const error = await failure(promise);
  if (error instanceof RecipeError) return error.problems ?? [];
  throw error;
}
