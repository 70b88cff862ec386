import { CommanderError } from "commander";
import { exitCodeOf } from "../util/error-report.js";
import { printError } from "./print.js";
import { program } from "./program.js";
import { usageError } from "./usage-error.js";

/** Runs the command of the command line, prints its error and sets the exit code. */
export async function execute(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      process.exitCode = 0;
      return;
    }
    const reported = error instanceof CommanderError ? usageError(error, program, process.argv.slice(2)) : error;
    printError(reported, process.argv.includes("--json"));
    process.exitCode = exitCodeOf(reported);
  }
}
