#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCodeOf } from "../util/error-report.js";
import { ignoreClosedPipes, printError } from "./print.js";
import { program } from "./program.js";
import { usageError } from "./usage-error.js";

ignoreClosedPipes();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0;
  else {
    const reported = error instanceof CommanderError ? usageError(error, program, process.argv.slice(2)) : error;
    printError(reported, process.argv.includes("--json"));
    process.exitCode = exitCodeOf(reported);
  }
}
