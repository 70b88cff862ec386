import { Command } from "commander";
import { packageVersion } from "../util/package-version.js";

/** Each command's code is loaded when it is called, so that the short ones start fast. */
const commands = {
  run: () => import("./commands/run.js"),
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
  doctor: () => import("./commands/doctor.js"),
  cache: () => import("./commands/cache.js"),
  schema: () => import("./commands/schema.js"),
  worker: () => import("./commands/worker.js"),
};

/** The command line: commands, arguments and options, also the source of docs/commands.md. */
export const program = new Command("quantsmith")
  .description("From a Hugging Face checkpoint to a published set of measured GGUF variants.")
  .version(packageVersion())
  .showSuggestionAfterError()
  .configureHelp({ showGlobalOptions: true })
  // main.ts prints errors, with a code and a remedy.
  .configureOutput({ outputError: () => undefined })
  .exitOverride();

const json = ["--json", "print one JSON document on standard output"] as const;

program
  .command("run <recipe>")
  .usage("<recipe> [options]")
  .description("build, measure and package everything the recipe asks for")
  .option("--out <folder>", "where the store and the releases go", "artifacts")
  .option("--pipeline <name>", "use this pipeline instead of the recipe's")
  .option("--only <stage>", "run one stage; what it reads must be in the store")
  .option("--until <stage>", "stop after this stage")
  .option("--variant <name...>", "build these variants only; others are released if they are finished")
  .option("--shared", "build what the variants share, so that other machines can go on from there")
  .option("--locked [file]", "fail if anything differs from the recipe's lock file (or this one)")
  .option("--threads <n>", "cores for compute steps (default: all)")
  .option("--fresh", "build again what the store already has")
  .option("--verify", "hash every stored file before trusting it")
  .option("--executor <name>", "where compute steps run: local, slurm or hf-jobs", "local")
  .option("--max-cost <usd>", "what the jobs of hf-jobs may cost altogether")
  .option("--publish", "publish the release to the recipe's `publish` target, if every variant passed")
  .option(...json)
  .action(async (recipe, options) => (await commands.run()).run(recipe, options));

program
  .command("demo")
  .description("build the bundled demo release in the current folder")
  .option("--out <folder>", "where the store and the releases go", "artifacts")
  .option("--threads <n>", "cores for compute steps (default: all)")
  .option("--fresh", "build again what the store already has")
  .option(...json)
  .action(async (options) => (await commands.demo()).demo(options));

program
  .command("worker <key>")
  .description("do one step that `run --executor` has described in the store; queues start this")
  .option("--out <folder>", "the run's output folder", "artifacts")
  .option("--part <i/n>", "only this part of the step's work")
  .option("--threads <n>", "cores for compute steps (default: all)")
  .option("--scratch <folder>", "where to build steps, when the output folder is no disk but a mounted bucket")
  .action(async (key, options) => (await commands.worker()).worker(key, options));

program
  .command("plan <recipe>")
  .usage("<recipe> [options]")
  .description("show the steps, which are cached, and how much disk they take; changes nothing")
  .option("--out <folder>", "where the store is", "artifacts")
  .option("--pipeline <name>", "use this pipeline instead of the recipe's")
  .option("--only <stage>", "as for run")
  .option("--until <stage>", "as for run")
  .option("--variant <name...>", "as for run")
  .option("--shared", "as for run")
  .option("--locked [file]", "as for run")
  .option("--matrix", "print the variants as a job matrix for GitHub Actions instead")
  .option(...json)
  .action(async (recipe, options) => (await commands.plan()).plan(recipe, options));

program
  .command("check <recipe...>")
  .description("check recipes against the schema and their parts against each other")
  .option(...json)
  .action(async (recipes, options) => (await commands.check()).check(recipes, options));

program
  .command("init <what>")
  .usage("<hf:org/name[@revision] or folder> | ci [options]")
  .description("write a recipe fitted to a model, or with `ci` the release workflow for GitHub Actions")
  .option("-o, --output <file>", "where the recipe goes (default: <model>.yaml here)")
  .option("--install <package>", "npm package the workflow installs (default: this version of quantsmith)")
  .option("--force", "replace what is there")
  .action(async (what, options) => (await commands.init()).init(what, options));

program
  .command("inspect <file>")
  .description("show a GGUF file's metadata, tensors, bits per weight and problems")
  .option(...json)
  .action(async (file, options) => (await commands.inspect()).inspect(file, options));

program
  .command("edit-metadata <file>")
  .usage("<file> [options]")
  .description("change what a GGUF file says about itself; tensor data stays as it is")
  .option("--set <key=value...>", "set a key; a new one may need its type: key:uint32=value")
  .option("--remove <key...>", "remove a key")
  .option("--chat-template <file>", "replace the chat template")
  .option("--out <file>", "write the edited file here and leave the original alone")
  .option(...json)
  .action(async (file, options) => (await commands["edit-metadata"]()).editMetadata(file, options));

program
  .command("convert-lora <adapter>")
  .usage("<adapter folder> --base <checkpoint folder> [options]")
  .description("convert a PEFT LoRA adapter to GGUF, with llama.cpp's own converter (needs Python)")
  .requiredOption("--base <folder>", "the checkpoint it was trained on; only its configuration is read")
  .option("--out <file>", "where to write it (default: <adapter>-LoRA-<TYPE>.gguf)")
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
  .option("--device <id...>", "devices of the catalog, `custom:…`, or `all` (default: one of each class)")
  .option("--context <tokens...>", "contexts to judge (default: 4096)")
  .option("--kv <type>", "type of the KV cache: f16 or q8_0", "f16")
  .option("--host-ram <size>", "memory of the computer beside a card, that a model may take")
  .option("--catalog <file>", "a device catalog of your own, beside the one of quantsmith")
  .option(...json)
  .action(async (models, options) => (await commands.fit()).fit(models, options));

program
  .command("recommend <model...>")
  .usage("<file.gguf or release...> --device <id> [options]")
  .description("compare models for a device, pick one, and show how to run it there, as Markdown")
  .requiredOption("--device <id>", "a device of the catalog, or `custom:…`")
  .option("--ram <size>", "memory that the application gives the model, instead of the catalog's figure")
  .option("--task <name>", "what it is for: chat, summarize, code, extract or translate", "chat")
  .option("--context <tokens>", "tokens of context (default: the task's)")
  .option("--kv <type>", "type of the KV cache: f16 or q8_0", "f16")
  .option("--host-ram <size>", "memory of the computer beside a card, that a model may take")
  .option("--catalog <file>", "a device catalog of your own, beside the one of quantsmith")
  .option(...json)
  .addHelpText("after", "\nExit code 3: none of the models runs there.")
  .action(async (models, options) => (await commands.recommend()).recommend(models, options));

program
  .command("devices [id]")
  .description("list the devices that fits are computed for, or one with the source of every figure")
  .option("--catalog <file>", "a device catalog of your own, beside the one of quantsmith")
  .option(...json)
  .action(async (id, options) => (await commands.devices()).devices(id, options));

program
  .command("publish <release>")
  .description("publish a release folder")
  .usage("<release> --to <target> [options]")
  .option("--to <target>", "hf:<user or organization>/<name>, or dir:<path>")
  .option("--recipe <file>", "recipe whose `publish` settings apply where no option is given")
  .option("--via <way>", "branch: staging branch, then one commit on main; pr; or direct (default: branch)")
  .option("--private", "create the repository private; refuse one that is public")
  .option("--collection <slug>", "add the repository to a collection")
  .option("--sign", "sign the release with the identity of the environment, through Sigstore")
  .option("--dry-run", "say what would be done, and do nothing")
  .option(...json)
  .action(async (release, options) => (await commands.publish()).publish(release, options));

program
  .command("verify <release>")
  .description("check a release folder, or hf:org/name[@revision]: checksums, headers, labels, what runtimes will pick")
  .option("--identity <name>", "who must have signed it: the certificate's subject, exactly")
  .option("--issuer <url>", "who must have vouched for the signer")
  .option(...json)
  .action(async (release, options) => (await commands.verify()).verify(release, options));

program
  .command("doctor")
  .description("show tools, versions, cores, memory and disk, and what is missing")
  .option(...json)
  .action(async (options) => (await commands.doctor()).doctor(options));

const cache = program.command("cache").description("look at the store of finished steps, and clean it");

cache
  .command("ls")
  .description("list the finished steps, last used first")
  .option("--out <folder>", "where the store is", "artifacts")
  .option(...json)
  .action(async (options) => (await commands.cache()).cacheList(options));

cache
  .command("gc")
  .description("remove finished steps; releases stay whole")
  .requiredOption("--keep <rule>", "what to keep: a size (20GB), an age (30d), or `release`")
  .option("--out <folder>", "where the store is", "artifacts")
  .option(...json)
  .action(async (options) => (await commands.cache()).cacheCollect(options));

cache
  .command("trim <recipe>")
  .usage("<recipe> (--shared | --variant <name...>) [options]")
  .description("remove from the store all that another machine does not need to go on after `run` with the same option")
  .option("--shared", "what `run --shared` built, for variants and package")
  .option("--variant <name...>", "what `run --variant` built of these variants, for package")
  .option("--pipeline <name>", "as for run")
  .option("--out <folder>", "where the store is", "artifacts")
  .option(...json)
  .action(async (recipe, options) => (await commands.cache()).cacheTrim(recipe, options));

program
  .command("schema [kind]")
  .description("print the JSON Schema of recipes, or of another kind of file")
  .option("--write <folder>", "write all schemas into a folder instead")
  .action(async (kind, options) => (await commands.schema()).schema(kind, options));
