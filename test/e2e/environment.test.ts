import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { cliFile, demoCopy } from "../fixtures/cli.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

/*
 * Variables of llama.cpp and ggml in the user's environment: an installed llama.cpp may need them for other models. Uses
 * the built program.
 */
const home = temporaryFolder();
const quantsmith = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  promisify(execFile)(process.execPath, [cliFile, ...args], { env: { ...process.env, CI: "true", ...env } });

test("options of llama.cpp in the environment reach no tool", async () => {
  const recipe = demoCopy(join(home, "demo"));
  // A tool that reads these variables fails.
  const env = { LLAMA_ARG_DEVICE: "none-such", LLAMA_ARG_CACHE_TYPE_K: "none-such", LLAMA_ARG_CTX_SIZE: "none-such" };
  const { stderr } = await quantsmith(["run", recipe, "--out", join(home, "out"), "--until", "calibrate"], env);
  expect(stderr).not.toContain("none-such");
});

test("the program itself, whose threads call ggml, removes such variables; the choice of devices stays", async () => {
  const show = "process.on('exit',()=>process.stderr.write(Object.keys(process.env).join()))";
  const env = { NODE_OPTIONS: `--import "data:text/javascript,${show}"`, GGML_VK_VISIBLE_DEVICES: "0" };
  const computing = { DEBUG: "*", GGML_NO_IQ_PANEL: "1", GGML_BACKEND_PATH: "/none.so", LLAMA_ATTN_ROT_DISABLE: "1" };
  const { stderr } = await quantsmith(["types"], { ...env, ...computing });
  expect(stderr.split(",").filter((name) => /^(GGML_|LLAMA_|DEBUG$)/.test(name))).toEqual(["GGML_VK_VISIBLE_DEVICES"]);
});

test.each(["http", "net", "child_process", "*"])("NODE_DEBUG=%s prints no token and no password", async (sections) => {
  const secrets = { HTTPS_PROXY: "http://user:s3cr3t@127.0.0.1:9", PIP_INDEX_URL: "https://user:s3cr3t@host/x" };
  const env = { ...secrets, HF_TOKEN: "hf_s3cr3t", SIGSTORE_ID_TOKEN: "s3cr3t", NODE_DEBUG: sections };
  const failure = await quantsmith(["inspect", "hf:org/name"], env).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 4, stderr: expect.stringContaining("QS-ENV-DEBUG") });
  const { stdout, stderr } = failure as { stdout: string; stderr: string };
  expect(stdout + stderr).not.toMatch(/s3cr3t|dXNlcjpzM2NyM3Q/);
});
