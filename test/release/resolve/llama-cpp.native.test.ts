import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveToolchain } from "../../../src/llamacpp/toolchain/toolchain.js";
import { hubOrder, modelFiles } from "../../../src/release/resolve/gguf-name.js";
import { resolveLlamaCpp } from "../../../src/release/resolve/llama-cpp.js";
import { tagOf } from "../../../src/release/resolve/resolve-all.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";
import { repositories } from "./repositories.js";

/* llama.cpp as the oracle: it requests its choice from a server that lists only file names. */

const home = temporaryFolder();
const commit = "a".repeat(40);
let files: readonly string[] = [];
let asked: string[] = [];
let server: Server;
let program = "";

beforeAll(async () => {
  program = (await resolveToolchain()).tools["llama-completion"].path;
  server = createServer((request, response) => {
    const url = decodeURI(request.url ?? "");
    const answer = url.endsWith("/refs")
      ? { branches: [{ name: "main", ref: "refs/heads/main", targetCommit: commit }] }
      : url.includes("/tree/")
        ? files.map((path, index) => ({ type: "file", path, oid: index.toString(16).padStart(40, "0"), size: 1 }))
        : undefined;
    if (answer === undefined) asked.push(url.split(`/resolve/${commit}/`)[1] ?? url);
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(answer === undefined ? "" : JSON.stringify(answer));
  });
  await new Promise<void>((started) => server.listen(0, "127.0.0.1", started));
});
afterAll(() => new Promise((closed) => server.close(closed)));

/** Returns the file that llama.cpp requests from the Hub for `-hf org/name[:tag]`. */
async function downloads(tag: string): Promise<string[]> {
  asked = [];
  const { port } = server.address() as AddressInfo;
  await execa(program, ["-hf", `org/name${tag === "" ? "" : `:${tag}`}`, "-p", "x", "-n", "1"], {
    reject: false,
    stdin: "ignore",
    env: {
      MODEL_ENDPOINT: `http://127.0.0.1:${port}/`,
      HF_HUB_CACHE: join(home, "hub"),
      LLAMA_CACHE: join(home, "hub"),
    },
  });
  return [...new Set(asked)].toSorted();
}

test("requests the file that the simulation returns, for every repository and tag of the table", async () => {
  let comparisons = 0;
  for (const repository of repositories) {
    files = hubOrder(repository.files);
    const tags = new Set(["", ...Object.keys(repository.picks), ...modelFiles(files).map(tagOf)]);
    for (const tag of tags) {
      const pick = resolveLlamaCpp(files, tag === "" ? undefined : tag);
      const expected = files.includes("preset.ini") ? ["preset.ini"] : pick.file === null ? [] : pick.splits;
      expect(await downloads(tag), `${repository.title}, tag ${tag}`).toEqual([...expected].toSorted());
      comparisons++;
    }
  }
  expect(comparisons).toBeGreaterThan(200);
});
