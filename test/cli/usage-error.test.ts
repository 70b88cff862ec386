import { CommanderError } from "commander";
import { expect, test } from "vitest";
import { program } from "../../src/cli/program.js";
import { requireValues, usageError } from "../../src/cli/usage-error.js";

const missing = new CommanderError(1, "commander.missingArgument", "error: missing required argument 'model'");

test.each([
  [["recommend"], "Run `quantsmith recommend --help`."],
  [["run", "plan"], "Run `quantsmith run --help`."],
  [["cache", "gc", "--keep"], "Run `quantsmith cache gc --help`."],
  [["cache", "mend"], "Run `quantsmith cache --help`."],
  [["recomend"], "Run `quantsmith --help` for the commands, or `quantsmith <command> --help` for options."],
])("%j", (args, remedy) => {
  expect(usageError(missing, program, args)).toMatchObject({
    code: "QS-USAGE",
    message: "missing required argument 'model'",
    remedy,
  });
});

test.each([
  [["--out", ""], "--out"],
  [["--variant", "Q4_K_M", ""], "--variant"],
])("an empty value is an error: %j", (args, option) => {
  const run = program.createCommand("run").option("--out <folder>", "", "artifacts").option("--variant <name...>", "");
  run.parseOptions(args);
  expect(() => requireValues(run)).toThrow(`option '${option}' has an empty value`);
  run.args = [""];
  expect(() => requireValues(run)).toThrow("an argument is empty");
});

test.each([
  [["publish", "x", "--token=s3cr3t"], "unknown option '--token'"],
  [["publish", "x", "--to-ken=s3'cr3t' (Did you mean x"], "unknown option '--to-ken'"],
  [["publish", "x", "--too"], "unknown option '--too' (Did you mean --to?)"],
  [["run", "x", "-ps3cr3t"], "unknown option '-p'"],
  [["run", "x", "--quiet=s3cr3t"], "unknown option '--quiet'"],
])("the message for %j does not repeat the value", async (args, message) => {
  const failure = await program.parseAsync(args, { from: "user" }).catch((error: unknown) => error);
  expect(usageError(failure as CommanderError, program, args).message).toBe(message);
});

const address = "https://user:s3cr3t@host/x";

test.each([
  [["verify", address], "Give the path of a file or folder, or `hf:org/name` for a repository on the Hub."],
  [["compare", ".", address], "Give the path of a file or folder, or `hf:org/name` for a repository on the Hub."],
  [["publish", address, "--to", "dir:x"], "Give the path of a file or folder."],
  [["publish", "--recipe", address, "--to", "dir:x"], "Give the path of a file or folder."],
  [["status", "--out", address], "Give the path of a file or folder."],
  [["convert-lora", "https:/user:s3cr3t@host/x", "--base", "."], "Give the path of a file or folder."],
  [["convert-lora", ".", "--base", address], "Give the path of a file or folder."],
  [["check", "//user:s3cr3t@host/x.yaml"], "Give the path of a file or folder."],
  [["plan", ".", "--locked", "https://user:pa s3cr3t@host"], "Give the path of a file or folder."],
])("an address in place of a path is an error: %j", async (args, remedy) => {
  const failure = await program.parseAsync(args, { from: "user" }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "QS-USAGE", remedy });
  expect((failure as Error).message).toMatch(/^"[^"]*\[redacted\]@host[^"]*" is an address instead of a path$/);
  expect((failure as Error).message).not.toContain("s3cr3t");
});
