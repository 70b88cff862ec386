import { expect, test } from "vitest";
import { mountPoints, parseMountPoints } from "../../src/util/mount-points.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("reads the mount points of Linux, with spaces and line ends in their names", () => {
  const text = [
    "22 27 0:20 / /proc rw,nosuid shared:5 - proc proc rw",
    String.raw`40 27 8:1 /a\040b /mnt/my\040disk\012\134n rw - ext4 /dev/sda1 rw`,
    "",
  ].join("\n");
  expect(parseMountPoints(text)).toEqual(["/proc", "/mnt/my disk\n\\n"]);
});

test.runIf(process.platform === "linux")("finds those at and below a folder", async () => {
  expect(await mountPoints("/proc/")).toContain("/proc");
  expect(await mountPoints("/")).toContain("/proc");
  expect(await mountPoints(temporaryFolder())).toEqual([]);
});
