import type { Command } from "commander";
import { addComputeOptions } from "./compute-flags.js";
import { json } from "./json-option.js";

/** Imported on use, so that short commands start fast. */
const commands = () => import("./commands/cache.js");

/** Adds `cache` with its commands. */
export function addCacheCommands(program: Command): void {
  const cache = program.command("cache").description("list or remove finished steps");

  cache
    .command("ls")
    .description("list finished steps, most recently used first")
    .option("--out <folder>", "folder of the store", "artifacts")
    .option(...json)
    .action(async (options) => (await commands()).cacheList(options));

  cache
    .command("gc")
    .description("remove finished steps; releases stay intact")
    .requiredOption("--keep <rule>", "steps to keep: a size (20GB), an age (30d), or `release`")
    .option("--out <folder>", "folder of the store", "artifacts")
    .option(...json)
    .action(async (options) => (await commands()).cacheCollect(options));

  addComputeOptions(
    cache
      .command("trim <recipe>")
      .usage("<recipe> (--shared | --variant <name...>) [options]")
      .description("remove steps that the next CI job does not need")
      .option("--shared", "keep the results of `run --shared`")
      .option("--variant <name...>", "keep the results of `run --variant` for these variants")
      .option("--pipeline <name>", "as for run"),
  )
    .option("--out <folder>", "folder of the store", "artifacts")
    .option(...json)
    .action(async (recipe, options) => (await commands()).cacheTrim(recipe, options));
}
