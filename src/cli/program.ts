import { Command, Option } from "commander";
import { onHubWait } from "../hub/hub-waits.js";
import { packageVersion } from "../util/package-version.js";
import { addCacheCommands } from "./cache-commands.js";
import { addComputeOptions } from "./compute-flags.js";
import { json } from "./json-option.js";
import { note } from "./print.js";
import { requirePaths, requireValues } from "./usage-error.js";
import { describeHubWait } from "./views/describe.js";

/** Imported on use, so that short commands start fast. */
const commands = {
  run: () => import("./commands/run.js"),
  status: () => import("./commands/status.js"),
  serve: () => import("./commands/serve.js"),
  watch: () => import("./commands/watch.js"),
  demo: () => import("./commands/demo.js"),
  plan: () => import("./commands/plan.js"),
  check: () => import("./commands/check.js"),
  init: () => import("./commands/init.js"),
  "edit-metadata": () => import("./commands/edit-metadata.js"),
  "convert-lora": () => import("./commands/convert-lora.js"),
  inspect: () => import("./commands/inspect.js"),
  types: () => import("./commands/types.js"),
  fit: () => import("./commands/fit.js"),
  recommend: () => import("./commands/recommend.js"),
  devices: () => import("./commands/devices.js"),
  publish: () => import("./commands/publish.js"),
  verify: () => import("./commands/verify.js"),
  compare: () => import("./commands/compare.js"),
  doctor: () => import("./commands/doctor.js"),
  schema: () => import("./commands/schema.js"),
  worker: () => import("./commands/worker.js"),
};

/** Commands, arguments and options; also the source of docs/commands.md. */
export const program = new Command("quantsmith")
  .description("Build, measure and publish GGUF variants of a Hugging Face checkpoint.")
  .version(packageVersion())
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: true })
  // main.ts prints errors, with a code and a remedy.
  .configureOutput({ outputError: () => undefined })
  .exitOverride()
  .hook("preAction", (_, command) => {
    requireValues(command);
    requirePaths(command);
    if (command.opts().quiet !== true) onHubWait((wait) => note(describeHubWait(wait)));
  });

const verbose = new Option("--verbose", "print a line per step instead of the live board").conflicts("quiet");
const quiet = ["--quiet", "print results, warnings and errors only"] as const;

addComputeOptions(
  program
    .command("run [recipe...]")
    .usage("<recipe...> | --queue <file> [options]")
    .description("build, measure and package the releases of recipes, one after the other")
    .option("--queue <file>", "run the recipes that a queue file lists")
    .option("--out <folder>", "folder for the store and the releases", "artifacts")
    .option("--pipeline <name>", "use this pipeline instead of the recipe's")
    .option("--only <stage>", "run one stage; its inputs must be in the store")
    .option("--until <stage>", "stop after this stage")
    .option("--variant <name...>", "build only these variants; the release also includes finished ones")
    .option("--shared", "build only the steps that variants share")
    .option("--locked [file]", "fail if anything differs from the recipe's lock file (or this one)")
    .option("--threads <n>", "cores for compute steps (default: all)"),
)
  .option("--fresh", "ignore finished steps and build them again")
  .option("--verify", "verify the hash of every stored file before use")
  .option(
    "--replace",
    "rename a changed release folder, or one of another recipe or source; overwrite foreign files at `--publish`",
  )
  .option("--executor <name>", "where compute steps run: local, slurm or hf-jobs", "local")
  .option("--max-cost <usd>", "cost limit for all jobs of hf-jobs")
  .option("--strict", "treat warnings as errors: release nothing, exit with 2")
  .option("--publish", "publish to the recipe's `publish` target if every variant passed")
  .addOption(verbose)
  .option(...quiet)
  .option(...json)
  .action(async (recipes, options) => (await commands.run()).run(recipes, options));

program
  .command("status")
  .description("show which models of a queue run, wait, failed or are published")
  .option("--out <folder>", "the run's output folder", "artifacts")
  .option(...json)
  .action(async (options) => (await commands.status()).status(options));

program
  .command("serve")
  .description("show runs, releases and the device picker in a browser, on this machine only; changes nothing")
  .option("--out <folder>", "the runs' output folder", "artifacts")
  .option("--port <n>", "port of 127.0.0.1; 0 for any free port", "0")
  .action(async (options) => (await commands.serve()).serve(options));

program
  .command("watch [recipe...]")
  .usage("<recipe...> | --queue <file> [options]")
  .description("compare the releases of recipes with their sources on the Hub")
  .option("--queue <file>", "watch the recipes that a queue file lists")
  .option("--apply", "build releases for those out of date, and open pull requests with them")
  .option("--out <folder>", "folder for the store and the releases", "artifacts")
  .option("--threads <n>", "cores for compute steps (default: all)")
  .option(...json)
  .addHelpText("after", "\nExit code 10: a release is out of date, or missing.")
  .action(async (recipes, options) => (await commands.watch()).watch(recipes, options));

program
  .command("demo")
  .description("build the bundled demo release in the current folder")
  .option("--out <folder>", "folder for the store and the releases", "artifacts")
  .option("--threads <n>", "cores for compute steps (default: all)")
  .option("--fresh", "ignore finished steps and build them again")
  .option("--replace", "rename a changed or another recipe's release folder instead of failing")
  .addOption(verbose)
  .option(...quiet)
  .option(...json)
  .action(async (options) => (await commands.demo()).demo(options));

program
  .command("worker <key>")
  .description("build one step in a queue job; started by `run --executor`")
  .option("--out <folder>", "the run's output folder", "artifacts")
  .option("--part <i/n>", "build only this shard of the step")
  .option("--threads <n>", "cores for compute steps (default: all)")
  .option("--scratch <folder>", "local folder to build in if the output folder is a mounted bucket")
  .action(async (key, options) => (await commands.worker()).worker(key, options));

addComputeOptions(
  program
    .command("plan <recipe>")
    .usage("<recipe> [options]")
    .description("show steps, cache hits and disk space without building")
    .option("--out <folder>", "folder of the store", "artifacts")
    .option("--pipeline <name>", "use this pipeline instead of the recipe's")
    .option("--only <stage>", "as for run")
    .option("--until <stage>", "as for run")
    .option("--variant <name...>", "as for run")
    .option("--shared", "as for run")
    .option("--locked [file]", "as for run"),
)
  .option("--strict", "exit with 2 if there are warnings")
  .option("--matrix", "print the variants as a GitHub Actions job matrix")
  .option(...json)
  .action(async (recipe, options) => (await commands.plan()).plan(recipe, options));

program
  .command("check <recipe...>")
  .description("validate recipes")
  .option(...json)
  .action(async (recipes, options) => (await commands.check()).check(recipes, options));

program
  .command("init <what>")
  .usage("<hf:org/name[@revision] or folder> | ci [options]")
  .description("write a recipe for a model, or with `ci` a GitHub Actions workflow")
  .option("-o, --out <file>", "recipe file to write (default: <model>.yaml)")
  .option("--install <package>", "npm package the workflow installs (default: this version of quantsmith)")
  .option("--watch [recipe...]", "with `ci`: write a workflow that runs `quantsmith watch` each week")
  .option("--queue <file>", "with `ci --watch`: watch the recipes that a queue file lists")
  .option("--force", "overwrite an existing file")
  .action(async (what, options) => (await commands.init()).init(what, options));

program
  .command("inspect <what>")
  .usage("<file.gguf, folder or hf:org/name[@revision]> [options]")
  .description("show a GGUF file's metadata, tensors, bits per weight and problems, or a checkpoint's properties")
  .option(...json)
  .action(async (what, options) => (await commands.inspect()).inspect(what, options));

program
  .command("edit-metadata <file>")
  .usage("<file> [options]")
  .description("edit GGUF metadata; tensor data stays unchanged")
  .option("--set <key=value...>", "set a key; give the type of a new key as key:uint32=value")
  .option("--remove <key...>", "remove a key")
  .option("--chat-template <file>", "replace the chat template")
  .option("--out <file>", "write a copy instead of editing the file")
  .option(...json)
  .action(async (file, options) => (await commands["edit-metadata"]()).editMetadata(file, options));

program
  .command("convert-lora <adapter>")
  .usage("<adapter folder> --base <checkpoint folder> [options]")
  .description("convert a PEFT LoRA adapter to GGUF (requires Python)")
  .requiredOption("--base <folder>", "base checkpoint; only its configuration is read")
  .option("--out <file>", "file to write (default: <adapter>-LoRA-<TYPE>.gguf)")
  .option("--outtype <type>", "f32, f16, bf16 or auto", "f16")
  .option(...json)
  .action(async (adapter, options) => (await commands["convert-lora"]()).convertLora(adapter, options));

program
  .command("types")
  .description("list llama.cpp's presets and tensor types")
  .option(...json)
  .action(async (options) => (await commands.types()).types(options));

program
  .command("fit <model...>")
  .usage("<file.gguf or release...> [options]")
  .description("check which devices can run a model, how, and up to which context")
  .option("--device <id...>", "device ids, `custom:…`, or `all` (default: one per device class)")
  .option("--context <tokens...>", "context lengths to check (default: 4096)")
  .option("--kv <type>", "type of the KV cache: f16 or q8_0", "f16")
  .option("--host-ram <size>", "system memory available in addition to GPU memory")
  .option("--catalog <file>", "additional device catalog")
  .option(...json)
  .action(async (models, options) => (await commands.fit()).fit(models, options));

program
  .command("recommend <model...>")
  .usage("<file.gguf or release...> --device <id> [options]")
  .description("pick a model file for a device; prints Markdown with run commands")
  .requiredOption("--device <id>", "device id, or `custom:…`")
  .option("--ram <size>", "memory budget of the app (default: the catalog's value)")
  .option("--task <name>", "use case: chat, summarize, code, extract or translate", "chat")
  .option("--context <tokens>", "context length (default: the task's)")
  .option("--kv <type>", "type of the KV cache: f16 or q8_0", "f16")
  .option("--host-ram <size>", "system memory available in addition to GPU memory")
  .option("--catalog <file>", "additional device catalog")
  .option(...json)
  .addHelpText("after", "\nExit code 3: no model runs on the device.")
  .action(async (models, options) => (await commands.recommend()).recommend(models, options));

program
  .command("devices [id]")
  .description("list the device catalog, or one device with all sources")
  .option("--catalog <file>", "additional device catalog")
  .option(...json)
  .action(async (id, options) => (await commands.devices()).devices(id, options));

program
  .command("publish [release]")
  .description("publish a release folder, or roll a repository back to a former release")
  .usage("<release> --to <target> [options]")
  .option("--to <target>", "hf:<user or organization>/<name>, or dir:<path>")
  .option("--recipe <file>", "recipe with default `publish` settings")
  .option("--via <mode>", "branch: staging branch, then one commit on main; pr; or direct (default: branch)")
  .option("--private", "create a private repository; fail if it exists and is public")
  .option("--no-private", "allow a public repository for a release whose source or texts are private")
  .option(
    "--gated <access>",
    "gated access with auto or manual approval, or false for open access, also of a gated source",
  )
  .option("--collection <slug>", "add the repository to a collection")
  .option("--sign", "sign the release through Sigstore with the CI job's identity")
  .option("--replace", "overwrite files that are not of a release of this model; rename such a folder")
  .option("--remove-old", "delete model files of earlier releases that this one lacks")
  .addOption(
    new Option(
      "--rollback <commit>",
      "instead of a release: publish the one of this former commit of main again",
    ).conflicts(["recipe", "private", "gated", "collection", "sign", "removeOld"]),
  )
  .option("--dry-run", "print the planned operations without executing them")
  .option(...json)
  .action(async (release, options) => (await commands.publish()).publish(release, options));

program
  .command("verify <release>")
  .description("verify a local or published release")
  .option("--identity <name>", "required signer: the exact subject of the certificate")
  .option("--issuer <url>", "required OpenID Connect issuer of the signer")
  .option(...json)
  .action(async (release, options) => (await commands.verify()).verify(release, options));

program
  .command("compare <before> <after>")
  .description("show what differs between two releases, local or on the Hub: sizes, metrics, answers, inputs")
  .option(...json)
  .action(async (before, after, options) => (await commands.compare()).compare(before, after, options));

program
  .command("doctor")
  .description("check tools, graphics cards, cores, memory and disk space")
  .option(...json)
  .action(async (options) => (await commands.doctor()).doctor(options));

addCacheCommands(program);

program
  .command("schema [kind]")
  .description("print the JSON Schema of recipes or another file type")
  .option("--write <folder>", "write all schemas into a folder")
  .option("--force", "overwrite files with other content")
  .action(async (kind, options) => (await commands.schema()).schema(kind, options));
