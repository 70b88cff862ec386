import { expect, test } from "vitest";
import { renderBom } from "../../src/release/bom.js";
import { renderProvenance } from "../../src/release/provenance.js";
import { readProvenance } from "../../src/release/read-provenance.js";
import { reviseBom, reviseProvenance } from "../../src/release/revise-lists.js";
import { someFacts } from "../fixtures/release-facts.js";

const changed = new Map([
  ["README.md", "f6".repeat(32)],
  ["history.json", "a7".repeat(32)],
]);
const [model] = someFacts.files;
const after = {
  ...someFacts,
  files: [...(model ? [model] : []), ...[...changed].map(([path, sha256]) => ({ path, sha256 }))],
};

test("revised lists are those of a release with the revised files", () => {
  const digest = "ab".repeat(32);
  const provenance = reviseProvenance(renderProvenance(someFacts, digest), changed);
  expect(provenance).toBe(renderProvenance(after, digest));
  expect(readProvenance(provenance)?.releaseDigest).toBe(digest);
  const [bom, expected] = [reviseBom(renderBom(someFacts), changed), renderBom(after)].map((text) => JSON.parse(text));
  const byName = (list: { name: string }[]) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  expect(byName(bom.components)).toEqual(byName(expected.components));
  expect(new Set(bom.dependencies[0].dependsOn)).toEqual(new Set(expected.dependencies[0].dependsOn));
  expect(new Set(bom.dependencies.map(({ ref }: { ref: string }) => ref)).size).toBe(expected.dependencies.length);
  expect(bom.serialNumber).not.toBe(JSON.parse(renderBom(someFacts)).serialNumber);
  expect(Object.keys(bom)).toEqual(Object.keys(expected));
});
