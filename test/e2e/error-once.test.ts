import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { cliFile, demoCopy, quantsmith } from "../fixtures/cli.js";
import { buildSafetensors } from "../fixtures/safetensors-builder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * A failed step prints one short line during the run. The error is printed once, at the end.
 */
const home = temporaryFolder();
const code = "QS-CONVERT-WEIGHTS";
let recipe: string;
let message: string;
let remedy: string;

const args = (...more: string[]) => ["run", recipe, "--out", join(home, "out"), ...more];
const count = (text: string, part: string) => text.split(part).length - 1;

beforeAll(async () => {
  recipe = demoCopy(join(home, "demo"), (text) => {
    // Evaluations of several texts fail, too, if there is nothing to measure.
    return `${text.replace("./text/evaluation.txt", "default")}convert: { engine: native }\n`;
  });
  // An unknown name, which only the conversion refuses.
  const tensors = buildSafetensors({ "model.surprise": [4] });
  writeFileSync(join(home, "demo", "tiny-llama", "model.safetensors"), tensors);
  const { error } = JSON.parse((await quantsmith(args("--json"))).stdout) as { error: Record<string, string> };
  message = error.message ?? "";
  remedy = error.remedy ?? "";
});

test("in plain lines", async () => {
  const { exitCode, stdout, stderr } = await quantsmith(args());
  expect(exitCode).toBe(2);
  expect(stdout).toMatch(new RegExp(`^[\\d:]{8} convert failed: ${code}$`, "m"));
  const [devices, ...lines] = stderr.split("\n").filter((line) => !line.startsWith("Note: "));
  expect(devices).toMatch(/^Computes on /);
  expect(lines.join("\n")).toBe(`${code}: ${message}\n  → ${remedy}`);
  expect(stdout).not.toContain(message);
});

test("with --json, only in the document", async () => {
  const { stdout, stderr } = await quantsmith(args("--json"));
  expect(JSON.parse(stdout)).toMatchObject({ error: { code, message, remedy } });
  expect(stderr).toMatch(new RegExp(`^[\\d:]{8} convert failed: ${code}$`, "m"));
  expect(stderr).not.toContain(message);
  expect(stderr).not.toContain(remedy);
});

test.runIf(process.platform === "linux")("on a terminal", async () => {
  const command = [process.execPath, cliFile, ...args()].map((word) => `'${word}'`).join(" ");
  const env = { ...process.env, CI: "", TERM: "xterm", COLUMNS: "200" };
  const shown = await promisify(execFile)("script", ["-qec", `stty cols 200; ${command}`, "/dev/null"], { env }).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
  expect(shown).toMatch(new RegExp(`Convert +${code}`));
  expect(count(shown, message)).toBe(1);
  expect(count(shown, remedy)).toBe(1);
});
