import { expect, test } from "vitest";
import { findDevice } from "../../../src/hardware/catalog/find-device.js";
import { loadCatalog } from "../../../src/recipe/catalog/load-catalog.js";
import type { QuantsmithError } from "../../../src/util/errors.js";

const catalog = await loadCatalog();

function refusal(id: string): QuantsmithError {
  try {
    findDevice(catalog, id);
  } catch (error) {
    return error as QuantsmithError;
  }
  throw new Error(`${id} was found`);
}

test("finds a device by id", () => {
  expect(findDevice(catalog, "iphone-15-pro").name).toBe("iPhone 15 Pro");
});

test("parses a device from the command line", () => {
  expect(findDevice(catalog, "custom:memory=8GB,budget=5GB,backend=cpu-x86").backends).toEqual(["cpu-x86"]);
  expect(refusal("custom:memory=8GB").code).toBe("QS-DEVICE-CUSTOM");
});

test.each([
  ["iphone15pro", "iphone-15-pro"],
  ["RTX 3090", "rtx-3090"],
  ["rtx-3060-12g", "rtx-3060-12gb"],
  ["m4-pro-24", "m4-pro-24gb"],
  ["pixl-9", "pixel-9"],
])("%s is unknown, and %s is suggested", (id, meant) => {
  const { code, message, remedy, exitCode } = refusal(id);
  expect({ code, exitCode }).toEqual({ code: "QS-DEVICE-UNKNOWN", exitCode: 2 });
  expect(message).toContain(`"${id}"`);
  expect(remedy).toContain(`Did you mean \`${meant}\`? Run \`quantsmith devices\``);
});

test.each(["toaster", "", "__proto__", "constructor"])("%j has no suggestion", (id) => {
  expect(refusal(id)).toMatchObject({
    code: "QS-DEVICE-UNKNOWN",
    remedy: expect.stringMatching(/^Run `quantsmith devices`/),
  });
});
