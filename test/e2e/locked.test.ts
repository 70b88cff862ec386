import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { expect, test } from "vitest";
import { readProvenance } from "../../src/release/read-provenance.js";
import type { RunReport } from "../../src/release/release-report.js";
import { stableReleaseDigest } from "../../src/release/stable-release-digest.js";
import { parseChecked } from "../../src/util/checked-json.js";
import { briefRecipe, demoCopy, quantsmith } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * A release's recipe and lock file give the same release in another folder, another store and on another number of cores.
 * Uses real tools on the bundled model.
 */
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
const bomComplaints = (bom: string) => validator.validate(bom);
const home = temporaryFolder();
const recipeText =
  briefRecipe.replace(
    "[Q8_0]",
    "[Q8_0, { preset: Q4_K_M, rounding: feedback }, { name: Q4_K_S, rounding: feedback, dynamic: { sizeOf: Q4_K_M } }]",
  ) +
  "metadata: { quantizedBy: me, system: Answer in one word., tags: [demo] }\npublish: { repo: me/tiny-llama-GGUF }\n";

test("run --locked in a second clone gives the same SHA256SUMS", async () => {
  const first = join(home, "one");
  const recipe = demoCopy(first, () => recipeText);
  const made = await quantsmith(["run", recipe, "--out", join(first, "out"), "--threads", "1"]);
  expect(made.exitCode, made.stderr).toBe(0);
  const release = join(first, "out", "releases", "demo");

  const second = join(home, "twö", "deeper");
  const again = demoCopy(second, () => recipeText);
  cpSync(join(release, "recipe.lock.yaml"), join(second, "demo.lock.yaml"));
  const repeated = await quantsmith(["run", again, "--out", join(second, "elsewhere"), "--locked"]);
  expect(repeated.exitCode, repeated.stderr).toBe(0);
  const twin = join(second, "elsewhere", "releases", "demo");

  const read = (folder: string, file: string) => readFileSync(join(folder, file), "utf8");
  for (const file of ["README.md", "bom.cdx.json", "provenance.intoto.json", "report.html", "SHA256SUMS"]) {
    expect(read(twin, file), file).toBe(read(release, file));
  }
  const sums = read(release, "SHA256SUMS");
  for (const file of ["bom.cdx.json", "provenance.intoto.json", "recipe.lock.yaml", "tiny-llama-Q4_K_S.gguf"])
    expect(sums).toContain(`  ${file}\n`);
  // Files for Ollama and LM Studio beside the models.
  expect(read(release, "template")).toContain("<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n");
  expect(JSON.parse(read(release, "params"))).toEqual({ stop: ["<|im_start|>", "<|im_end|>"] });
  expect(read(release, "system")).toBe("Answer in one word.");
  expect(read(release, "model.yaml")).toContain("repo: tiny-llama-GGUF");
  expect(read(release, "README.md")).toContain("render test conversations to the same text");
  expect(await bomComplaints(read(release, "bom.cdx.json"))).toBeNull();

  // release.json contains times, so its digest covers the rest.
  const proven = readProvenance(read(release, "provenance.intoto.json"))?.releaseDigest;
  const reports = [release, twin].map((folder) => parseChecked(read(folder, "release.json")) as RunReport);
  expect(reports.map(stableReleaseDigest)).toEqual([proven, proven]);
  const [edited] = reports;
  for (const variant of edited?.variants ?? []) if (variant.quality !== null) variant.quality.kldMean /= 2;
  expect(edited && stableReleaseDigest(edited)).not.toBe(proven);
});
