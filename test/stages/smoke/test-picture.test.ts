import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { testPicture } from "../../../src/stages/smoke/test-picture.js";

test("the bundled picture is a PNG with a red disc above a black word", () => {
  const png = testPicture();
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([448, 448]);
  const start = png.indexOf("IDAT") + 4;
  const pixels = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
  const at = (x: number, y: number) => [...pixels.subarray(y * 1345 + 1 + 3 * x, y * 1345 + 4 + 3 * x)];
  expect(at(224, 150)).toEqual([220, 20, 20]);
  expect([at(30, 315), at(60, 400), at(30, 400), at(2, 2)].map(([red]) => red)).toEqual([0, 0, 255, 255]);
  // The checksum of an empty IEND is the same in every PNG.
  expect(png.subarray(-8).toString("hex")).toBe("49454e44ae426082");
});
