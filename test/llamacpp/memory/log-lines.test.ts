import { expect, test } from "vitest";
import { findReason, withoutMessages } from "../../../src/llamacpp/memory/log-lines.js";

test("the reason is an error, not a line about the file", () => {
  const facts = ["print_info: unknown = 1", "load: missing special token"];
  expect(findReason([...facts, "llama_model_load: error loading model: no architecture"])).toContain("no architecture");
  expect(findReason(facts)).toBe("load: missing special token");
  expect(findReason(["print_info: failed = 0"])).toBe("llama.cpp did not print a reason");
});

test("the last lines of a crash do not contain protocol messages", () => {
  expect(withoutMessages('GGML_ASSERT(a) failed\n{"kind":"ready"}')).toBe("GGML_ASSERT(a) failed");
});
