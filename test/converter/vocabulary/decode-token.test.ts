import { expect, test } from "vitest";
import { tokenDecoder } from "../../../src/converter/vocabulary/decode-token.js";

test("a decoder's replacement is inserted literally", () => {
  const decode = tokenDecoder({ decoder: { type: "Replace", pattern: { String: "▁" }, content: "$&$$" } }, false);
  expect(decode("a▁b")).toBe("a$&$$b");
});
