import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { previewHub } from "../../src/stages/publish/publish-hub.js";
import { releaseFiles } from "../../src/stages/publish/release-files.js";
import { findPython, noPython } from "../fixtures/find-python.js";
import { contents } from "../fixtures/hub-client.js";
import { randomUploadFaults } from "../fixtures/hub-server/faults.js";
import type { Hub } from "../fixtures/hub-server/hub.js";
import { canary, connectToWrite, publishFolder, startWritableHub, treeOf } from "../fixtures/publish-client.js";
import { releaseFolder } from "../fixtures/release-folder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/* Python's huggingface_hub as an independent client of published releases and of the loopback Hub. */
const base = temporaryFolder();
const python = await findPython();
let hub: Hub;
let home: string;
let release: string;

beforeEach(async () => {
  hub = await startWritableHub();
  home = mkdtempSync(join(base, "home-"));
  release = join(home, "release");
});
afterEach(async () => {
  expect(hub.violations).toEqual([]);
  await hub.close();
});

/** Runs a program by LFS, or by Xet if the Hub offers it. */
async function runPython(program: string): Promise<string> {
  const env = {
    ...{ HF_ENDPOINT: hub.url, HF_HOME: join(home, "python"), HF_TOKEN: canary },
    HF_HUB_DISABLE_XET: hub.offersXet ? "0" : "1",
  };
  const { stdout } = await promisify(execFile)(python ?? "", ["-c", program, release], {
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  return stdout.trim();
}

async function requireXet(skip: (why: string) => void): Promise<void> {
  const found =
    python &&
    (await runPython("import hf_xet").then(
      () => true,
      () => false,
    ));
  if (!found) skip("needs a Python with huggingface_hub and hf_xet: set QUANTSMITH_TEST_PYTHON");
}

test("snapshot_download returns the exact bytes of a release published despite faults", async (context) => {
  if (python === undefined) context.skip(noPython);
  const files = releaseFolder(release);
  const connection = connectToWrite(hub, home, { stallMs: 500, commitStallMs: 500, attempts: 30 });
  hub.faults = randomUploadFaults(11, 15);
  await publishFolder(connection, release, { private: true });
  hub.faults = () => undefined;
  const folder = await runPython("from huggingface_hub import snapshot_download; print(snapshot_download('me/model'))");
  const { ".gitattributes": _, ...downloaded } = contents(folder);
  expect(downloaded).toEqual(files);
});

test("hf_xet reads a release published by Xet, and its own uploads are valid", async (context) => {
  await requireXet(context.skip);
  hub.offersXet = true;
  const files = releaseFolder(release);
  await publishFolder(connectToWrite(hub, home), release, {});
  const folder = await runPython("from huggingface_hub import snapshot_download; print(snapshot_download('me/model'))");
  const { ".gitattributes": _, ...downloaded } = contents(folder);
  expect(downloaded).toEqual(files);
  expect(hub.requests.some(({ path }) => path.includes("/reconstructions/"))).toBe(true);

  const theirs = releaseFolder(join(home, "theirs"), { variants: { Q4_K_M: 7, Q8_0: 8 } });
  await runPython(`
import sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("me/theirs")
api.upload_folder(repo_id="me/theirs", folder_path=sys.argv[1] + "/../theirs", parent_commit=api.model_info("me/theirs").sha)
`);
  expect(treeOf(hub, "main", "me/theirs")).toEqual(theirs);
});

test("after an upload by Python, publishing has nothing to do", async (context) => {
  if (python === undefined) context.skip(noPython);
  const files = releaseFolder(release);
  await runPython(`
import sys
from huggingface_hub import HfApi
api = HfApi()
api.create_repo("me/model", private=True)
api.update_repo_settings("me/model", gated="auto")
api.create_branch("me/model", branch="theirs")
api.delete_branch("me/model", branch="theirs")
head = api.model_info("me/model").sha
api.upload_folder(repo_id="me/model", folder_path=sys.argv[1], commit_message="theirs", parent_commit=head)
`);
  expect(treeOf(hub)).toEqual(files);
  const options = { repo: "me/model", via: "branch" as const, private: true, gated: "auto" as const };
  const { signal } = new AbortController();
  const checked = await releaseFiles(release, signal);
  const preview = await previewHub(connectToWrite(hub, home), checked, options, signal);
  expect(preview.operations).toEqual([]);
});
