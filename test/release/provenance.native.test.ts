import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { renderProvenance } from "../../src/release/provenance.js";
import { readProvenance } from "../../src/release/read-provenance.js";
import { someFacts } from "../fixtures/release-facts.js";

const digest = "f6".repeat(32);
const statement = renderProvenance(someFacts, digest);

/** Validates with in-toto's Python package, since in-toto's schemas are protocol buffers. */
const checker = `
import json, sys
from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
text = sys.stdin.read()
message = json_format.Parse(text, StatementMessage())
Statement.copy_from_pb(message).validate()
json_format.ParseDict(json.loads(text)["predicate"], Provenance())
print("valid")
`;

const python = [process.env.QUANTSMITH_TEST_PYTHON, "python3"].find((path) => {
  try {
    return path && execFileSync(path, ["-c", "import in_toto_attestation"], { stdio: "pipe" });
  } catch {
    return false;
  }
});

const check = (text: string) =>
  execFileSync(python ?? "", ["-c", checker], { input: text, stdio: "pipe", encoding: "utf8" });

describe("validated with in-toto's own package", () => {
  const why = "needs a Python with in-toto-attestation: set QUANTSMITH_TEST_PYTHON";

  test("the statement is a Statement v1 with SLSA provenance v1", (context) => {
    if (python === undefined) context.skip(why);
    expect(check(statement)).toBe("valid\n");
  });

  test("invalid statements are rejected", (context) => {
    if (python === undefined) context.skip(why);
    for (const [from, to] of [
      ["in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1"],
      ["resolvedDependencies", "dependencies"],
      ['"predicateType"', '"type"'],
    ] as const) {
      expect(() => check(statement.replace(from, to)), to).toThrow();
    }
  });
});

test("subjects are the files, materials have digests, and run details have no time or machine", () => {
  const { subject, predicate } = JSON.parse(statement);
  expect(subject).toEqual(someFacts.files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })));
  const { resolvedDependencies, internalParameters } = predicate.buildDefinition;
  expect(resolvedDependencies).toMatchObject([
    { name: "org/Example-4B-Instruct", digest: { gitCommit: someFacts.report.model.commit } },
    { name: "config.json", digest: { gitBlob: "e6".repeat(20) } },
    { name: "model.safetensors", digest: { sha256: "a1".repeat(32) } },
    { name: "mine.txt", annotations: { use: "calibration" } },
    { name: "self-sampled.txt", uri: expect.stringMatching(/^urn:/) },
    { name: "wiki.test.raw", uri: "https://huggingface.co/z" },
  ]);
  expect(internalParameters).toEqual({ lock: someFacts.lock, commands: someFacts.commands });
  expect(Object.keys(predicate.runDetails)).toEqual(["builder", "byproducts"]);
});

test("readProvenance returns the written digests", () => {
  const provenance = readProvenance(statement);
  expect(provenance?.releaseDigest).toBe(digest);
  expect([...(provenance?.subjects ?? [])]).toEqual(someFacts.files.map(({ path, sha256 }) => [path, sha256]));
});

test("the command is one for a shell, whatever the recipe's name", () => {
  const recipe = "my recipe; $(touch x) `y` 'z'.yaml";
  const { command } = JSON.parse(renderProvenance({ ...someFacts, report: { ...someFacts.report, recipe } }, "00"))
    .predicate.buildDefinition.externalParameters;
  const words = execFileSync("bash", ["-c", `quantsmith() { printf '%s\\n' "$@"; }\n${command}`], { encoding: "utf8" });
  expect(words.split("\n").slice(0, 2)).toEqual(["run", recipe]);
});
