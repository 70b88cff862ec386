import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copyOrReflink } from "../../src/util/copy-file.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test.each([0o600, 0o640, 0o444])("a copy has the permissions of its file: %o", async (mode) => {
  const home = temporaryFolder();
  const [from, to] = [join(home, "a"), join(home, "b")];
  writeFileSync(from, "weights");
  chmodSync(from, mode);
  await copyOrReflink(from, to, { signal: new AbortController().signal, onBytes: () => undefined });
  expect(readFileSync(to, "utf8")).toBe("weights");
  expect(statSync(to).mode & 0o777).toBe(mode & ~process.umask());
});
