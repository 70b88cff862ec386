/**
 * Adds the optional packages of other platforms to package-lock.json, and to every entry the integrity hash that the
 * registry lists. Fails if the registry lacks one: `npm ci` would install that package unverified.
 *
 * npm omits them if the registry in use lacks them, and then `npm ci` rejects the lock file on every platform. Run this
 * script after every change of dependencies:
 *   npm install && node scripts/complete-lock.mjs
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const file = "package-lock.json";
const systems = { win32: "win32", win: "win32", darwin: "darwin", mac: "darwin", linux: "linux", android: "android" };
const processors = ["arm64", "armv7l", "riscv64", "ppc64", "s390x", "loong64", "ia32", "x64", "arm"];

const lock = JSON.parse(readFileSync(file, "utf8"));
const added = {};
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if (`node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages) continue;
    added[`node_modules/${name}`] = describe(name, range, entry.dev === true);
  }
}
const entries = Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(entries.map(([path, entry]) => [path, withIntegrity(path, entry)]));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

const unverified = Object.keys(lock.packages).filter(
  (path) => path !== "" && lock.packages[path].integrity === undefined,
);
if (unverified.length > 0) {
  console.error(`the registry has no integrity hash for ${unverified.join(", ")}`);
  process.exitCode = 1;
}

/** Adds the hash that the registry lists for the version; returns the entry as it is if the registry lacks the version. */
function withIntegrity(path, entry) {
  if (path === "" || entry.integrity !== undefined) return entry;
  const { version, ...rest } = entry;
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  try {
    const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    const integrity = execFileSync("npm", ["view", `${name}@${version}`, "dist.integrity"], options).trim();
    return integrity === "" ? entry : { version, integrity, ...rest };
  } catch {
    return entry;
  }
}

/** Derives a lock entry from the package name: `@scope/cli-linux-x64-musl` is for Linux on x64 with musl. */
function describe(name, range, dev) {
  const words = name.replace(/^@[^/]+\//, "").split(/[-_.]/);
  const system = words.map((word) => systems[word]).find((found) => found !== undefined);
  const processor = processors.find((known) => words.includes(known));
  return {
    version: range.replace(/^[\^~]/, ""),
    ...(processor === undefined ? {} : { cpu: [processor === "armv7l" ? "arm" : processor] }),
    ...(dev ? { dev: true } : {}),
    ...(words.includes("musl") ? { libc: ["musl"] } : {}),
    optional: true,
    ...(system === undefined ? {} : { os: [system] }),
  };
}
