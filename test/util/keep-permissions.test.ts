import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { keepPermissions } from "../../src/util/keep-permissions.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

// Test files of a worker share loaded modules; this one needs modules with the mock below.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

// Other users than root cannot give their files to others.
let mayChangeOwner = true;
vi.mock("node:fs/promises", async (original) => {
  const files = await original<typeof import("node:fs/promises")>();
  const refused = Object.assign(new Error("EPERM"), { code: "EPERM" });
  const lchown: typeof files.lchown = (...args) => (mayChangeOwner ? files.lchown(...args) : Promise.reject(refused));
  return { ...files, lchown };
});
beforeEach(() => {
  mayChangeOwner = true;
});

let old: string;
let next: string;

const setAcl = (path: string, entries: string) => execFileSync("setfacl", ["-m", entries, path], { stdio: "pipe" });
const acl = (path: string) =>
  execFileSync("getfacl", ["-cnpE", path], { encoding: "utf8" }).trim().replaceAll("::", ":").split("\n").join(" ");
const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8);

/** An old and a new folder with files of these names. */
function folders(...names: string[]): void {
  const parent = temporaryFolder();
  [old, next] = [join(parent, "old"), join(parent, "next")];
  for (const folder of [old, next]) {
    mkdirSync(folder, { mode: 0o700 });
    for (const name of names) writeFileSync(join(folder, name), "", { mode: 0o600 });
  }
}

/** Runs with a PATH of links to these programs only. */
async function withPrograms(names: string[], work: () => Promise<void>): Promise<void> {
  const bin = temporaryFolder();
  for (const name of names) {
    symlinkSync(execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(), join(bin, name));
  }
  vi.stubEnv("PATH", bin);
  await work().finally(() => vi.unstubAllEnvs());
}

function hasAcls(): boolean {
  try {
    setAcl(temporaryFolder(), "u:12345:r");
    return true;
  } catch {
    return false;
  }
}

test("without the programs for ACLs, plain files and folders keep all permissions", async () => {
  folders("a");
  chmodSync(join(old, "a"), 0o664);
  chmodSync(old, 0o2770);
  await withPrograms(["ls"], () => keepPermissions(old, next));
  expect([mode(join(next, "a")), mode(next)]).toEqual(["664", "2770"]);
});

test.runIf(process.platform === "linux")("ACLs are read by one process", async () => {
  folders("a", "b");
  const bin = temporaryFolder();
  const lists = `while [ "$1" != -- ]; do shift; done; shift; for path; do printf 'user::rw-\\n\\n'; done`;
  writeFileSync(join(bin, "getfacl"), `#!/bin/sh\necho started >> ${bin}/log\n${lists}\n`, { mode: 0o755 });
  chmodSync(join(old, "b"), 0o664);
  vi.stubEnv("PATH", bin);
  await keepPermissions(old, next).finally(() => vi.unstubAllEnvs());
  expect([readFileSync(join(bin, "log"), "utf8"), mode(join(next, "b"))]).toEqual(["started\n", "664"]);
});

describe("ACLs", () => {
  const usable = hasAcls();
  beforeEach(({ skip }) => skip(!usable, "needs the package acl, and a file system with ACLs for temporary files"));

  test("of a folder and of equally named files are kept, also its defaults for new files", async () => {
    const names = ["plain", "-n", "line\nbreak \\012 é"];
    folders(...names, "default");
    chmodSync(join(old, "plain"), 0o640);
    for (const name of names.slice(1)) setAcl(join(old, name), "u:12345:rw,g::-,o::-");
    setAcl(old, "u:12345:rwx,g::-,d:u:12345:rx,d:g::-,d:o::-");
    chmodSync(old, 0o3770);
    await keepPermissions(old, next);
    for (const name of ["", ...names, "default"]) expect(acl(join(next, name))).toBe(acl(join(old, name)));
    expect(mode(next)).toBe("3770");
    writeFileSync(join(next, "later"), "");
    expect(acl(join(next, "later"))).toContain("user:12345:r-x");
  });

  test("that the new folder inherited are replaced by those of the old one", async () => {
    const parent = temporaryFolder();
    [old, next] = [join(parent, "old"), join(parent, "next")];
    mkdirSync(old);
    chmodSync(old, 0o750);
    setAcl(parent, "d:u:12345:rwx");
    mkdirSync(next);
    await keepPermissions(old, next);
    expect(acl(next)).toBe("user:rwx group:r-x other:---");
  });

  test("of a file with other hard links do not become rights of its group", async () => {
    folders("a");
    const store = join(next, "..", "store");
    writeFileSync(store, "", { mode: 0o640 });
    linkSync(store, join(next, "b"));
    writeFileSync(join(old, "b"), "");
    setAcl(join(old, "b"), "u:12345:r,g::-,o::-");
    await keepPermissions(old, next);
    expect(acl(store)).toBe("user:rw- group:--- other:---");
  });

  test("give a group that cannot be kept what everybody has", async ({ skip }) => {
    skip(process.getuid?.() !== 0, "needs root, who can give files another group");
    folders("a");
    setAcl(join(old, "a"), "u:12345:rw,g::rw,o::r");
    setAcl(old, "u:12345:rwx,g::rwx,o::-,d:u:12345:rwx,d:g::rwx,d:o::-");
    for (const path of [old, join(old, "a")]) chownSync(path, 0, 23456);
    mayChangeOwner = false;
    await keepPermissions(old, next);
    expect(acl(join(next, "a"))).toBe("user:rw- user:12345:rw- group:r-- mask:rw- other:r--");
    expect(acl(next)).toMatch(/^user:rwx user:12345:rwx group:--- .* default:user:12345:rwx default:group:--- /);
  });

  test.each<[string, string[]]>([
    ["with `ls`, which shows that there is an ACL", ["ls"]],
    ["without any program", []],
    ["without `setfacl`", ["getfacl", "ls"]],
  ])("that cannot be kept do not become rights of the group: %s", async (_how, programs) => {
    folders("a", "inherits");
    chmodSync(join(old, "inherits"), 0o660);
    setAcl(join(old, "a"), "u:12345:rwx,g::-,o::r");
    setAcl(old, "u:12345:rwx,g::-,o::-");
    setAcl(join(next, "inherits"), "u:12345:rw");
    await withPrograms(programs, () => keepPermissions(old, next));
    expect([mode(next), mode(join(next, "a")), mode(join(next, "inherits"))]).toEqual(["700", "644", "600"]);
  });
});
