import { expect, test } from "vitest";
import type { FigureRange } from "../../../src/hardware/catalog/device.js";
import { sustained } from "../../../src/hardware/speed/sustained.js";
import { device } from "./speed-fixtures.js";

const sources = new Map([["marathon", { title: "iPhone marathon" }]]);
const range = (low: number, high: number, note?: string): FigureRange => {
  return { low, high, basis: "measured", source: "marathon", ...(note === undefined ? {} : { note }) };
};

test("is null without figures", () => {
  const nothing = { retention: null, energyPerToken: null, batteryPer1kTokens: null, note: null };
  expect(sustained(device(), sources)).toEqual(nothing);
});

test("is one sentence with basis and source", () => {
  const retention = range(0.38, 0.48, "Gemma 4 E2B");
  const phone = device({
    name: "iPhone 17 Pro",
    sustained: { retention, minutes: 10, energyPerToken: null, batteryPer1kTokens: range(1.5, 1.5) },
  });
  const { note, ...ranges } = sustained(phone, sources);
  expect(ranges).toEqual({ retention, energyPerToken: null, batteryPer1kTokens: range(1.5, 1.5) });
  expect(note).toBe(
    "iPhone 17 Pro keeps 38 to 48 % of its speed under load after 10 minutes (measured; Gemma 4 E2B; iPhone marathon), " +
      "uses 1.5 % of the battery per 1000 tokens (measured; iPhone marathon).",
  );
});
