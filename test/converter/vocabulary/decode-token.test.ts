import { expect, test } from "vitest";
import { tokenDecoder } from "../../../src/converter/vocabulary/decode-token.js";

test("what a decoder puts in place of something is taken as it is", () => {
  const decode = tokenDecoder({ decoder: { type: "Replace", pattern: { String: "▁" }, content: "$&$$" } }, false);
  expect(decode("a▁b")).toBe("a$&$$b");
});
