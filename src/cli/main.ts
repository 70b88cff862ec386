#!/usr/bin/env node
import { removeComputeVariables } from "../util/child-environment.js";
import { exitCodeOf } from "../util/error-report.js";
import { prepareOutput, printError } from "./print.js";
import { requireCurrentFolder, requireLimits, requireSilentNode, requireUtf8 } from "./require-limits.js";

function fail(error: unknown, asJson = process.argv.includes("--json")): never {
  printError(error, asJson);
  process.exit(exitCodeOf(error));
}

removeComputeVariables();
// With it, dependencies print addresses with passwords.
delete process.env.DEBUG;
// A full device, for example, cannot take the error as JSON either.
prepareOutput((error) => fail(error, false));
// An error outside the command's promise, such as one in an event handler, which Node would print as it is.
process.once("uncaughtException", (error) => fail(error));
// Without a listener, a write beyond `ulimit -f` kills the process; with one, it fails with EFBIG.
process.on("SIGXFSZ", () => undefined);

try {
  requireSilentNode();
  requireLimits();
  requireCurrentFolder();
  requireUtf8(process.cwd(), process.argv.slice(2));
  // Loaded after the check, since modules are files.
  const { execute } = await import("./execute.js");
  await execute();
} catch (error) {
  fail(error);
}
