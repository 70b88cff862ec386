import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { device, source } from "../../src/hardware/catalog/device.js";
import { put, quantsmith } from "../fixtures/cli.js";

const folder = mkdtempSync(join(tmpdir(), "quantsmith-devices-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the table lists every device with the basis of its budget", async () => {
  const { stdout, exitCode } = await quantsmith(["devices"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^iphone-15-pro +iPhone 15 Pro +8\.59 GB +3\.00 GB +measured +51\.2 GB\/s +metal$/m);
  expect(stdout).toMatch(/^2x-rtx-3090 .* 2 × 25\.8 GB +2 × 23\.6 GB +estimate +936 GB\/s +cuda$/m);
  expect(stdout.indexOf("pixel-9")).toBeLessThan(stdout.indexOf("m1-8gb"));
});

test("--json prints the whole catalog, in bytes and bytes per second", async () => {
  const { stdout } = await quantsmith(["devices", "--json"]);
  const { devices, backends, sources } = JSON.parse(stdout);
  expect(devices.length).toBeGreaterThan(60);
  for (const entry of devices) expect(device.safeParse(entry).error).toBeUndefined();
  for (const entry of sources) expect(source.safeParse(entry).error).toBeUndefined();
  expect(backends).toHaveLength(9);
});

test("prints one device with basis, source and note of every figure", async () => {
  const { stdout } = await quantsmith(["devices", "iphone-15-pro"]);
  expect(stdout).toMatch(/^Model budget +3\.00 GB +measured +rtabmap-1446$/m);
  expect(stdout).toMatch(/^Power +unknown$/m);
  expect(stdout).toContain("Model budget: 6 GB for apps with the increased-memory-limit entitlement");
  expect(stdout).toContain("https://github.com/introlab/rtabmap/pull/1446");
  expect(stdout).toMatch(/Metal, unsupported: NVFP4 TQ1_0/);
});

test("prints one device as JSON with exactly the sources it cites", async () => {
  const { stdout } = await quantsmith(["devices", "pixel-9", "--json"]);
  const { device: shown, backends, sources } = JSON.parse(stdout);
  expect(shown.id).toBe("pixel-9");
  expect(backends.map(({ id }: { id: string }) => id)).toEqual(["cpu-arm"]);
  expect(sources.map(({ id }: { id: string }) => id)).toContain("pixel-9-app-start");
  expect(sources.length).toBeLessThan(8);
});

test("a device described on the command line", async () => {
  const { stdout } = await quantsmith(["devices", "custom:memory=8GiB,budget=5GiB,backend=cpu-x86"]);
  expect(stdout).toMatch(/^Memory +8\.59 GB +estimate +given-by-the-user$/m);
  expect(stdout).toContain("given-by-the-user: Given by the user");
});

test("a custom catalog", async () => {
  const own = put(
    join(folder, "mine.yaml"),
    "version: 1\nsources: [{ id: me, title: I ran it, url: null, kind: measurement }]\ndevices:\n  - { id: my-box, name: My box, class: cpu, chip: c, year: null, memory: { kind: unified, cards: 1, bytes: { value: 8 GiB, basis: measured, source: me } }, budget: { value: 4 GiB, basis: measured, source: me }, bandwidth: null, backends: [cpu-x86], power: null }\n",
  );
  const { stdout } = await quantsmith(["devices", "my-box", "--catalog", own]);
  expect(stdout).toMatch(/^Model budget +4\.29 GB +measured +me$/m);
  expect(stdout).toContain("me: I ran it");
});

test("an unknown device is a usage error, as text and as JSON", async () => {
  const plain = await quantsmith(["devices", "rtx3090"]);
  expect(plain).toMatchObject({ exitCode: 2, stdout: "" });
  expect(plain.stderr).toContain("QS-DEVICE-UNKNOWN");
  expect(plain.stderr).toContain("Did you mean `rtx-3090`?");
  const json = await quantsmith(["devices", "rtx3090", "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: "QS-DEVICE-UNKNOWN" } });
});
