import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { workflowPath } from "../../src/cli/init/release-workflow.js";
import { put } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";
import { runWorkflow } from "../fixtures/workflow.js";

/*
 * Tests which jobs of the release workflow run if others fail. Executes the workflow's scripts with a fake quantsmith
 * that records its arguments and fails for those that the test names. test/e2e/release-workflow.test.ts runs the real
 * commands of these jobs.
 */
const workflow = fileURLToPath(new URL(`../../${workflowPath}`, import.meta.url));
const base = temporaryFolder();
const checkout = join(base, "repository");
const bin = join(base, "bin");

const quantsmith = `#!/bin/bash
echo "quantsmith $*" >> "$CALLS"
case "$*" in *--matrix*) echo "$MATRIX"; exit ;; plan*) exit ;; cache*) exit ;; esac
mkdir -p artifacts/store/"$(echo "$*" | tr -c 'a-zA-Z0-9\\n' -)" artifacts/releases/my-model
touch artifacts/store/*/record.json artifacts/releases/my-model/README.md
if [[ -n "$FAIL" && "$*" == *"$FAIL"* ]]; then exit 3; fi
`;

beforeAll(() => {
  put(join(checkout, "recipes", "my-model.yaml"), "version: 1\n");
  mkdirSync(bin);
  writeFileSync(join(bin, "quantsmith"), quantsmith, { mode: 0o755 });
  writeFileSync(join(bin, "npm"), '#!/bin/bash\necho "npm $*" >> "$CALLS"\n', { mode: 0o755 });
});

async function release(inputs: Record<string, unknown>, { fail = "", variants = ["Q8_0", "Q4_K_M"] } = {}) {
  const home = mkdtempSync(join(base, "ci-"));
  const calls = join(home, "calls");
  const matrix = JSON.stringify({ include: variants.map((variant) => ({ variant })) });
  const env = { PATH: `${bin}:${process.env.PATH ?? ""}`, CALLS: calls, MATRIX: matrix, FAIL: fail };
  const given = { recipe: "recipes/my-model.yaml", publish: true, repo: "me/model", ...inputs };
  const { results } = await runWorkflow(workflow, { checkout, home, inputs: given, env });
  const recorded = existsSync(calls) ? readFileSync(calls, "utf8").trim().split("\n") : [];
  const artifacts = (name: string) => existsSync(join(home, "artifacts", name));
  return { results, calls: recorded, artifacts };
}

test("a successful run publishes, and signs on request", async () => {
  const { results, calls } = await release({ sign: true });
  expect(Object.values(results)).toEqual(["success", "success", "success", "success", "success"]);
  expect(calls.at(-1)).toBe("quantsmith publish release --recipe recipes/my-model.yaml --to hf:me/model --sign");
  expect(calls.slice(0, 2)).toEqual(["npm ci", "npm install --global -- ."]);
  const unsigned = await release({ quantsmith: "quantsmith@1.2.3" });
  expect(unsigned.calls.at(-1)).toBe("quantsmith publish release --recipe recipes/my-model.yaml --to hf:me/model");
  expect(unsigned.calls).not.toContain("npm ci");
});

test("the package job reports a failed variant, and the release is not published", async () => {
  const { results, calls, artifacts } = await release({}, { fail: "--variant Q8_0" });
  expect(results).toMatchObject({ variants: "failure", package: "success", publish: "skipped" });
  expect(calls).toContain("quantsmith cache trim recipes/my-model.yaml --variant Q8_0");
  expect(artifacts("my-model-store-Q8_0") && artifacts("my-model-release")).toBe(true);
});

test("a failed publish fails the job", async () => {
  expect((await release({}, { fail: "publish release" })).results).toMatchObject({ publish: "failure" });
});

test("with a failed gate, a release folder remains and nothing is published", async () => {
  const { results, artifacts } = await release({}, { fail: "--only package" });
  expect(results).toMatchObject({ variants: "success", package: "failure", publish: "skipped" });
  expect(artifacts("my-model-release")).toBe(true);
});

test("if the shared part fails, nothing is built, packaged or published", async () => {
  const { results } = await release({}, { fail: "--shared" });
  expect(results).toMatchObject({ shared: "failure", variants: "skipped", package: "skipped", publish: "skipped" });
});

test("no variant jobs run if the shared part builds all variants", async () => {
  const { results } = await release({}, { variants: [] });
  expect(results).toMatchObject({ variants: "skipped", package: "success", publish: "success" });
});

test("publishing requires the request and a target", async () => {
  expect((await release({ publish: false })).results).toMatchObject({ package: "success", publish: "skipped" });
  const nowhere = await release({ repo: "" });
  expect(nowhere.results).toMatchObject({ plan: "failure", shared: "skipped", publish: "skipped" });
  expect(nowhere.calls.filter((call) => call.startsWith("quantsmith"))).toEqual([]);
});

test("a recipe without an extension in a folder with a dot keeps its name", async () => {
  put(join(checkout, "recipes.d", "my-model"), "version: 1\n");
  const { results, artifacts } = await release({ recipe: "recipes.d/my-model" });
  expect(Object.values(results)).toEqual(["success", "success", "success", "success", "success"]);
  expect(artifacts("my-model-release")).toBe(true);
});
