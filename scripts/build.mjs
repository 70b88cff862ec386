/**
 * `npm run build`: compiles src/ to dist/, unless dist/ was built from the same sources. The digest of the sources is
 * written last, so that an interrupted build is repeated. Remove dist/ to build anyway.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const digestFile = "dist/sources.sha256";
const sources = [
  ...filesBelow("src"),
  // Compiled into dist/ as JSON.
  ...filesBelow("devices"),
  ...["scripts/build.mjs", "scripts/compile-catalog.mjs", "tsconfig.build.json", "tsconfig.json"],
  // Names the version of the compiler.
  "package-lock.json",
];

const digest = digestOf(sources);
if (existsSync(digestFile) && readFileSync(digestFile, "utf8") === digest) {
  console.log("dist/ is up to date");
} else {
  rmSync("dist", { recursive: true, force: true });
  node("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
  node("scripts/compile-catalog.mjs");
  writeFileSync(digestFile, digest);
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** sha256 of the names and contents, independent of their order. */
function digestOf(files) {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) {
    const content = readFileSync(file);
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** Exits with the program's exit code if it fails. */
function node(...args) {
  try {
    execFileSync(process.execPath, args, { stdio: "inherit" });
  } catch (error) {
    process.exit(error.status ?? 1);
  }
}
