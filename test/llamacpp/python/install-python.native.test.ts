import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { prepareConverterPython } from "../../../src/llamacpp/python/python-env.js";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { cacheFolder } from "../../../src/util/cache-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

/* Creation, verification and repair of the environment with a fake Python, since the real packages have 1.2 GB. */
const home = temporaryFolder();
const environment = { ...process.env };
await resolveToolchain();
const tools = join(cacheFolder(), "llama.cpp");
let count = 0;
let folder: string;

beforeEach(() => {
  folder = join(home, `${count++}`);
  mkdirSync(join(folder, "cache"), { recursive: true });
  symlinkSync(tools, join(folder, "cache", "llama.cpp"));
  process.env = { ...environment, PATH: folder, QUANTSMITH_CACHE: join(folder, "cache") };
  delete process.env.QUANTSMITH_PYTHON;
  program("python3", pretender);
  return () => {
    process.env = environment;
  };
});

/** A fake Python that logs every call; `pip install` writes a file with the last package's name. */
const pretender = `
case "$*" in
  *"import venv"*) echo "$0"; echo "$VERSION";;
  *python_version*) echo "$VERSION";;
  "-m venv "*) /bin/mkdir -p "$3/bin" "$3/lib/python3.12/site-packages"; /bin/cp "$0" "$3/bin/python";;
  "-m pip install "*) for last; do :; done; echo x > "\${0%/*}/../lib/python3.12/site-packages/$last";;
esac`;

function program(name: string, body: string, version = "3.12.1"): void {
  const log = join(folder, "log");
  writeFileSync(join(folder, name), `#!/bin/sh\nVERSION=${version}\necho "\${0##*/} $*" >> "${log}"\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

const calls = () => readFileSync(join(folder, "log"), "utf8").trim().split("\n");
const installs = () => calls().filter((line) => line.includes("pip install"));

async function prepare() {
  const notes: string[] = [];
  const python = await prepareConverterPython({ onProgress: (note) => void notes.push(note) });
  const site = join(python.path, "..", "..", "lib", "python3.12", "site-packages");
  return { python, site, notes };
}

test("an intact environment is used without the network", async () => {
  const { python } = await prepare();
  expect(python.version).toBe("3.12.1");
  expect(installs()).toHaveLength(2);
  expect(installs()[0]).toMatch(/--only-binary :all: .*torch==/);
  const before = calls().length;
  expect((await prepare()).python).toEqual(python);
  expect(calls().slice(before)).toEqual([expect.stringContaining("platform.python_version()")]);
});

describe("a damaged environment is rebuilt", () => {
  test.each<[string, (site: string, python: string) => void]>([
    ["a deleted package", (site) => rmSync(join(site, "safetensors==0.8.0"))],
    ["a truncated file", (site) => writeFileSync(join(site, "safetensors==0.8.0"), "")],
    ["an added file", (site) => appendFileSync(join(site, "torch.py"), "print('hello')")],
    ["a deleted Python", (_site, python) => rmSync(python)],
    ["an incomplete installation", (site) => rmSync(join(site, "..", "..", "..", "ready.json"))],
  ])("%s", async (_what, damage) => {
    const { site, python } = await prepare();
    damage(site, python.path);
    const again = await prepare();
    expect(again.python).toEqual(python);
    expect(installs()).toHaveLength(4);
    expect(existsSync(join(site, "safetensors==0.8.0"))).toBe(true);
  });

  test("another Python version, with another package folder", async () => {
    const { python } = await prepare();
    program("python3", pretender, "3.13.0");
    writeFileSync(python.path, readFileSync(join(folder, "python3")));
    const { notes } = await prepare();
    expect(notes[0]).toContain("damaged");
    expect(installs()).toHaveLength(4);
  });

  test("except for compiled files", async () => {
    const { site } = await prepare();
    mkdirSync(join(site, "__pycache__"));
    writeFileSync(join(site, "__pycache__", "torch.cpython-312.pyc"), "x");
    await prepare();
    expect(installs()).toHaveLength(2);
  });
});

describe("uv", () => {
  test("installs the packages if it is on the PATH", async () => {
    program("uv", "exit 0");
    await prepare();
    expect(installs().map((line) => line.split(" ")[0])).toEqual(["uv", "uv"]);
    expect(installs()[0]).toMatch(/--python \S*\/bin\/python .*torch==/);
  });

  test("falls back to pip if it fails", async () => {
    program("uv", "exit 2");
    const { notes } = await prepare();
    expect(installs().map((line) => line.split(" ")[0])).toEqual(["uv", "python", "uv", "python"]);
    expect(notes).toContain("uv failed to install torch, using pip");
  });
});

test("a failed installation leaves no files", async () => {
  program("python3", pretender.replace('"-m pip install "*) ', '"-m pip install "*) exit 1; '));
  await expect(prepareConverterPython()).rejects.toMatchObject({
    code: "QS-PYTHON-INSTALL",
    remedy: expect.stringContaining("QUANTSMITH_PYTHON"),
  });
  expect(readdirSync(join(folder, "cache", "python"))).toEqual([]);
});
