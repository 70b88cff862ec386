import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPython, noPython } from "../fixtures/find-python.js";
import { connect, contents, digests, fetchAll, someBytes } from "../fixtures/hub-client.js";
import { Hub } from "../fixtures/hub-server/hub.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const base = temporaryFolder();
const files = { "config.json": "{}", "model.safetensors": someBytes(10, 300_000), "sub/notes.txt": "deep" };
const wanted = digests(files);
const python = await findPython();

let hub: Hub;
let cache: string;

beforeEach(async () => {
  hub = await Hub.start();
  hub.create("org/model").commit(files);
  cache = mkdtempSync(join(base, "cache-"));
});
afterEach(() => hub.close());

/** Downloads with Python's huggingface_hub. Returns the snapshot's folder. */
function snapshotDownload(extra: Record<string, string> = {}): Promise<string> {
  return runPython("from huggingface_hub import snapshot_download; print(snapshot_download('org/model'))", extra);
}

/** Runs a program with huggingface_hub. Returns what it prints. */
function runPython(program: string, extra: Record<string, string> = {}): Promise<string> {
  const env = { HF_ENDPOINT: hub.url, HF_HUB_CACHE: cache, HF_HOME: base, HF_HUB_DISABLE_XET: "1", ...extra };
  const child = spawn(python ?? "", ["-c", program], { env: { PATH: process.env.PATH ?? "", ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => (code === 0 ? resolve(stdout.trim()) : reject(new Error(stderr))));
  });
}

const contentRequests = () =>
  hub.requests.filter(
    ({ server, method, path }) => method === "GET" && (server === "storage" || path.includes("/resolve/")),
  );

test("Python uses quantsmith's cached files, online and offline, without a download", async (context) => {
  if (python === undefined) context.skip(noPython);
  const folder = await fetchAll(connect(hub, cache), "org/model");
  const before = contentRequests().length;
  expect(await snapshotDownload({ HF_HUB_OFFLINE: "1" })).toBe(folder);
  expect(await snapshotDownload()).toBe(folder);
  expect(contents(folder)).toEqual(wanted);
  expect(contentRequests().length).toBe(before);
});

test("quantsmith uses Python's cached files, online and offline, without a download", async (context) => {
  if (python === undefined) context.skip(noPython);
  const folder = await snapshotDownload();
  const before = contentRequests().length;
  expect(await fetchAll(connect(hub, cache, { env: { HF_HUB_OFFLINE: "1" } }), "org/model")).toBe(folder);
  expect(await fetchAll(connect(hub, cache), "org/model")).toBe(folder);
  expect(contents(folder)).toEqual(wanted);
  expect(contentRequests().length).toBe(before);
});

test("concurrent downloads by both end with correct files", async (context) => {
  if (python === undefined) context.skip(noPython);
  hub.faults = ({ server }) => (server === "storage" ? { kind: "slow", chunkBytes: 10_000, delayMs: 20 } : undefined);
  const [ours, theirs] = await Promise.all([fetchAll(connect(hub, cache), "org/model"), snapshotDownload()]);
  expect(ours).toBe(theirs);
  expect(contents(ours)).toEqual(wanted);
});

test("Python reads paths, history, tags and card, and a range beyond the end", async (context) => {
  if (python === undefined) context.skip(noPython);
  const card = "---\nlicense: apache-2.0\ntags: [small]\nbase_model: org/base\n---\n# Model\n";
  hub.create("org/model").commit({ ...files, "README.md": card, "model.gguf": "GGUF" });
  const program = `
import json
from huggingface_hub import HfApi, get_session, hf_hub_url
api = HfApi()
info = api.model_info("org/model")
paths = api.get_paths_info("org/model", ["config.json", "sub", "missing.txt"])
part = get_session().get(hf_hub_url("org/model", "config.json"), headers={"Range": "bytes=1-999"})
print(json.dumps({
  "paths": [[type(path).__name__, path.path] for path in paths],
  "commits": [commit.commit_id for commit in api.list_repo_commits("org/model")],
  "license": info.card_data.license,
  "tags": info.tags,
  "part": [part.status_code, part.text, part.headers["Content-Range"]],
}))`;
  expect(JSON.parse(await runPython(program))).toEqual({
    paths: [
      ["RepoFile", "config.json"],
      ["RepoFolder", "sub"],
    ],
    commits: hub
      .repo("org/model")
      ?.history("main")
      .map(({ id }) => id),
    license: "apache-2.0",
    tags: ["gguf", "small", "base_model:org/base", "license:apache-2.0"],
    part: [206, "}", "bytes 1-1/2"],
  });
  expect(hub.violations).toEqual([]);
});
