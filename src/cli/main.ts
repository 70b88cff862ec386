#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCodeOf } from "../util/error-report.js";
import { printError } from "./print.js";
import { program } from "./program.js";
import { usageError } from "./usage-error.js";

// The reader may close the pipe (`quantsmith types | head`); the command continues without output.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

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
