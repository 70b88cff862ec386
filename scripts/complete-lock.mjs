/**
 * Adds the optional packages of other platforms to package-lock.json.
 *
 * npm omits them if the registry in use lacks them, and then `npm ci` rejects the lock file on every platform. Run this
 * script after every change of dependencies:
 *   npm install && node scripts/complete-lock.mjs
 */
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
lock.packages = Object.fromEntries(entries);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

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
