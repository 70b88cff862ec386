import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { cliFile } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test("serve prints its address once, answers, and ends at once on SIGINT", async () => {
  const child = spawn(process.execPath, [cliFile, "serve", "--out", temporaryFolder()]);
  const lines: string[] = [];
  const output = createInterface(child.stdout).on("line", (line) => lines.push(line));
  await once(output, "line");
  const [address = ""] = lines;
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
  const page = await fetch(address);
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("No releases yet")]);
  expect((await fetch(new URL("/", address))).status).toBe(403);
  const ended = once(child, "exit");
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
  expect(lines).toHaveLength(1);
});
