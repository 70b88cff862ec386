import { type Command, CommanderError } from "commander";
import { isAddress } from "../util/address.js";
import { QuantsmithError } from "../util/errors.js";
import { quote } from "../util/quote.js";

/** Returns an error of commander as QS-USAGE, whose remedy names the help of the given command. */
export function usageError(error: CommanderError, program: Command, args: readonly string[]): QuantsmithError {
  const message = withoutValue(error.message.replace(/^error: /, "").replace(/\n/g, " "));
  const command = commandOf(program, args);
  const remedy =
    command === undefined
      ? "Run `quantsmith --help` for the commands, or `quantsmith <command> --help` for options."
      : `Run \`${command} --help\`.`;
  return new QuantsmithError("QS-USAGE", error.code === "commander.help" ? "no command was given" : message, {
    remedy,
  });
}

/** Shortens an unknown option to its name: `--token=…` would repeat the token. */
function withoutValue(message: string): string {
  return message.replace(/^(unknown option '(?:--[\w-]+|-\w?)).*'(?=$| \(Did you mean)/, "$1'");
}

/** Throws a usage error for an empty argument or option, as from an unset variable of a script. */
export function requireValues(command: Command): void {
  if (command.args.includes("")) throw new CommanderError(2, "quantsmith.emptyValue", "error: an argument is empty");
  for (const [name, value] of Object.entries(command.opts<Record<string, unknown>>())) {
    if (![value].flat().includes("")) continue;
    const option = command.options.find((option) => option.attributeName() === name)?.long ?? name;
    throw new CommanderError(2, "quantsmith.emptyValue", `error: option '${option}' has an empty value`);
  }
}

/** Commands whose arguments may be on the Hub. */
const hubCommands = ["verify", "compare", "inspect", "init"];

/** Options that take a path. */
const pathOption = /[<[](?:file|folder|recipe)\b/;

/** Throws QS-USAGE for an address as an argument, or where an option takes a path: it may contain a password. */
export function requirePaths(command: Command): void {
  const given: unknown[] = [...command.args];
  for (const option of command.options) {
    if (pathOption.test(option.flags)) given.push(command.getOptionValue(option.attributeName()));
  }
  const address = given.flat().find((value): value is string => typeof value === "string" && isAddress(value));
  if (address === undefined) return;
  const onHub = hubCommands.includes(command.name()) ? ", or `hf:org/name` for a repository on the Hub" : "";
  throw new QuantsmithError("QS-USAGE", `${quote(address)} is an address instead of a path`, {
    remedy: `Give the path of a file or folder${onHub}.`,
  });
}

/** Returns the command that arguments begin with, `quantsmith cache gc`; undefined for none. */
function commandOf(program: Command, args: readonly string[]): string | undefined {
  const names = [program.name()];
  let { commands } = program;
  for (const arg of args) {
    const found = commands.find((command) => command.name() === arg);
    if (found === undefined) break;
    names.push(arg);
    ({ commands } = found);
  }
  return names.length === 1 ? undefined : names.join(" ");
}
