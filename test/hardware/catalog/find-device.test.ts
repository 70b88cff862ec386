import { expect, test } from "vitest";
import { findDevice } from "../../../src/hardware/catalog/find-device.js";
import { loadCatalog } from "../../../src/recipe/load-catalog.js";

const catalog = await loadCatalog();

test("finds a device by its id", () => {
  expect(findDevice(catalog, "iphone-15-pro").name).toBe("iPhone 15 Pro");
});
