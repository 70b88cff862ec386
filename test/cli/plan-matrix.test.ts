import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { plan } from "../../src/cli/commands/plan.js";
import { demoCopy } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
afterEach(() => vi.restoreAllMocks());

/** Returns the output of `plan --matrix` for the demo recipe under another name. */
async function matrixOf(name: string): Promise<string> {
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await plan(demoCopy(home, undefined, name), { out: join(home, "out"), matrix: true });
  return printed.mock.calls.map(([text]) => text).join("");
}

test("a matrix requires a recipe name that is valid in artifact names", async () => {
  expect(await matrixOf("my-model_1.5")).toBe('{"include":[{"variant":"Q8_0"}]}\n');
  for (const name of ["mod[1]", "a*", "a\nname=b", "a b"]) {
    await expect(matrixOf(name)).rejects.toMatchObject({ code: "QS-RECIPE-INVALID" });
  }
});
