import { expect, test } from "vitest";
import { parseCustomDevice } from "../../../src/hardware/catalog/custom-device.js";
import { device } from "../../../src/hardware/catalog/device.js";

test("all keys", () => {
  const parsed = parseCustomDevice("custom:memory=8GB,budget=5GB,bandwidth=50GB/s,backend=cpu-arm");
  expect(parsed).toMatchObject({
    id: "custom",
    class: "cpu",
    memory: { kind: "unified", cards: 1, bytes: { value: 8e9, basis: "estimate" } },
    budget: { value: 5e9, basis: "estimate", source: "given-by-the-user" },
    bandwidth: { value: 50e9 },
    backends: ["cpu-arm"],
    power: null,
  });
  expect(device.parse(parsed)).toEqual(parsed);
});

test("in another order, with blanks and binary units, without bandwidth", () => {
  const parsed = parseCustomDevice("custom: backend = cuda, budget = 22 GiB ,memory=24 GiB");
  expect(parsed).toMatchObject({
    class: "gpu",
    memory: { kind: "discrete", bytes: { value: 24 * 2 ** 30 } },
    budget: { value: 22 * 2 ** 30 },
    bandwidth: null,
  });
});

const rest = "memory=8GB,budget=5GB,backend=cpu-arm";

test.each([
  ["nothing", "custom:", /unknown key in ""/, /Use "memory"/],
  ["a mistyped key", `custom:${rest},bandwith=5GB/s`, /unknown key in "bandwith=5GB\/s"/, /`bandwidth`/],
  ["an unknown key", `custom:${rest},price=5`, /unknown key in "price=5"/, /Use .*custom:memory=8GB/],
  ["a key without value", `custom:${rest},bandwidth`, /invalid bandwidth ""/, /`50GB\/s`/],
  ["a duplicate key", `custom:${rest},memory=9GB`, /duplicate key "memory"/, /Remove one/],
  ["no memory", "custom:budget=5GB,backend=cpu-arm", /missing key "memory"/, /`memory=…`/],
  ["no budget", "custom:memory=5GB,backend=cpu-arm", /missing key "budget"/, /`budget=…`/],
  ["no backend", "custom:memory=8GB,budget=5GB", /missing key "backend"/, /`backend=…`/],
  ["a number without unit", "custom:memory=8,budget=5GB,backend=cpu-arm", /invalid memory "8"/, /`8GB` or `8GiB`/],
  ["zero", "custom:memory=8GB,budget=0GB,backend=cpu-arm", /invalid budget "0GB"/, /`8GB` or `8GiB`/],
  ["a size as bandwidth", `custom:${rest},bandwidth=50GB`, /invalid bandwidth "50GB"/, /`50GB\/s`/],
  ["a mistyped backend", "custom:memory=8GB,budget=5GB,backend=cpu_am", /unknown backend "cpu_am"/, /`cpu-arm`/],
  ["an unknown backend", "custom:memory=8GB,budget=5GB,backend=abacus", /unknown backend "abacus"/, /"cuda".* or /],
  ["more budget than memory", "custom:memory=8GB,budget=9GB,backend=cpu-arm", /exceeds the memory/, /not larger/],
])("%s", (_, text, message, remedy) => {
  let error: unknown;
  try {
    parseCustomDevice(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: "QS-DEVICE-CUSTOM" });
  expect(error).toHaveProperty("message", expect.stringMatching(message));
  expect(error).toHaveProperty("remedy", expect.stringMatching(remedy));
});
