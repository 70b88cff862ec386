#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCodeOf } from "../util/error-report.js";
import { prepareOutput, printError } from "./print.js";
import { program } from "./program.js";
import { usageError } from "./usage-error.js";

const asJson = process.argv.includes("--json");
prepareOutput();
// An error outside the command's promise, such as one in an event handler, which Node would print as it is.
process.once("uncaughtException", (error) => {
  printError(error, asJson);
  process.exit(exitCodeOf(error));
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
  else {
    const reported = error instanceof CommanderError ? usageError(error, program, process.argv.slice(2)) : error;
    printError(reported, asJson);
    process.exitCode = exitCodeOf(reported);
  }
}
