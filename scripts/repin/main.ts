import { execa, execaSync } from "execa";
import { describeChanges } from "./describe-changes.js";
import type { PinFacts } from "./pin-facts.js";

/**
 * `npm run repin -- <version of node-llama-cpp>`: installs the version, builds its llama.cpp tools, records the output of its
 * converter, runs the tests that depend on llama.cpp, and prints what changed for users. Changes files, commits nothing.
 */
const dependent = [
  ...[
    "test/llamacpp",
    "test/quant",
    "test/converter",
    "test/checkpoint",
    "test/stages",
    "test/hardware",
    "test/corpus",
  ],
  ...["test/report", "test/release", "test/e2e", "test/scripts"],
];
const records = "test/fixtures/convert";
const files = ["package.json", "package-lock.json", records];

const [version, ...more] = process.argv.slice(2);
if (version === undefined || more.length > 0 || !/^\d+\.\d+\.\d+$/.test(version))
  fail("usage: npm run repin -- <version of node-llama-cpp, such as 3.22.1>");
if (process.env.QUANTSMITH_LLAMA_CPP) fail("unset QUANTSMITH_LLAMA_CPP: it replaces the pinned llama.cpp");
const edited = execaSync("git", ["status", "--porcelain", "--", ...files]).stdout;
if (edited !== "") fail(`commit or stash these changes first:\n${edited}`);

const before = await facts();
await step("install", "npm", ["install", "--save-exact", `node-llama-cpp@${version}`]);
const unfinished: string[] = [];
await check("some integrity hashes are missing", "node", ["scripts/complete-lock.mjs"]);
const after = await facts();
await check("the converter's output was not recorded for every checkpoint", "npm", [
  "run",
  "test:parity",
  "--",
  "--record",
]);
await step("build", "npm", ["run", "build"]);
await check("tests fail", "npx", ["vitest", "run", ...dependent]);

const changed = execaSync("git", ["diff", "--name-only", "--", records]).stdout.split("\n").filter(Boolean);
print("\nFor CHANGELOG.md:");
for (const line of describeChanges(before, after)) print(line);
if (changed.length > 0) {
  print("\nThe converter writes other files, see `git diff`:");
  for (const name of changed) print(`- ${name}`);
}
if (unfinished.length > 0) {
  print("\nTo do before a commit (docs/internals/pinning.md):");
  for (const problem of unfinished) print(`- ${problem}`);
  process.exitCode = 1;
}

/** Reads the names of the installed pin in another process. */
async function facts(): Promise<PinFacts> {
  const { stdout } = await execa("npx", ["tsx", "scripts/repin/print-facts.ts"], { stderr: "inherit" });
  return JSON.parse(stdout) as PinFacts;
}

/** Runs a command whose failure ends the script. */
async function step(name: string, file: string, args: string[]): Promise<void> {
  const { exitCode } = await execa(file, args, { stdio: "inherit", reject: false });
  if (exitCode !== 0)
    fail(`${name} failed; \`git checkout -- package.json package-lock.json && npm ci\` restores the pin`);
}

/** Runs a command whose failure is listed at the end. */
async function check(problem: string, file: string, args: string[]): Promise<void> {
  const { exitCode } = await execa(file, args, { stdio: "inherit", reject: false });
  if (exitCode !== 0) unfinished.push(`${problem}: \`${[file, ...args].join(" ")}\``);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
