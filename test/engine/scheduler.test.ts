import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/util/package-root.js";

const code = 'const { allowedCores } = await import("./dist/engine/scheduler.js"); console.log(allowedCores())';
const node = [process.execPath, "--input-type=module", "-e", code];

test.runIf(process.platform === "linux")(
  "a worker that may use a part of the cores tells which, another one nothing",
  () => {
    const run = ([file = "", ...args]: string[]) =>
      execFileSync(file, args, { cwd: packageRoot, encoding: "utf8" }).trim();
    const first =
      run(["taskset", "-cp", String(process.pid)])
        .split(/[ ,-]/)
        .at(-1) ?? "";
    expect(run(["taskset", "-c", first, ...node])).toBe(`-${first}`);
    expect(run(["taskset", "-c", `0-${cpus().length - 1}`, ...node])).toBe("");
  },
);
