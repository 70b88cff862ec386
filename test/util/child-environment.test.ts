import { afterEach, describe, expect, test, vi } from "vitest";
import { childEnvironment, workerEnvironment } from "../../src/util/child-environment.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

const stub = (variables: Record<string, string>) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
};

/** Credentials of other programs, under names that users have in their shells. */
const credentials = {
  ...{ HF_TOKEN: "canary", HUGGING_FACE_HUB_TOKEN: "canary", GH_PAT: "canary", AWS_SECRET_ACCESS_KEY: "canary" },
  ...{ AWS_ACCESS_KEY_ID: "canary", OPENAI_KEY: "canary", DB_PASSWORD: "canary", PGPASS: "canary", MY_LOGIN: "canary" },
  ...{ HTTPS_PROXY: "http://me:canary@proxy", all_proxy: "me:canary@proxy", PIP_INDEX_URL: "https://me:canary@index" },
  ...{ UV_INDEX_MINE_PASSWORD: "canary", SLURM_JWT: "canary", XDG_TOKEN: "canary", CC: "https://me:canary@host" },
  NIX_CONFIG: "access-tokens = github.com=canary",
  QUANTSMITH_TOKEN: "canary",
  QUANTSMITH_REKOR_URL: "https://me:canary@rekor",
};

test("search paths lose their empty and relative entries, which lead to the working folder", () => {
  stub({ PATH: ":.:/usr/bin::bin:../x:/bin:", LD_LIBRARY_PATH: ":", CPATH: ":." });
  const environment = childEnvironment();
  expect([environment.PATH, environment.CPATH]).toEqual(["/usr/bin:/bin", ":."]);
  expect(environment).not.toHaveProperty("LD_LIBRARY_PATH");
});

test("no variable that changes what llama.cpp and ggml compute reaches a child; the choice of devices does", () => {
  const devices = { GGML_VK_VISIBLE_DEVICES: "0", CUDA_VISIBLE_DEVICES: "1", HIP_VISIBLE_DEVICES: "2" };
  const system = { LC_ALL: "C", VK_DRIVER_FILES: "/icd.json", XDG_CACHE_HOME: "/cache", CXX: "clang++" };
  stub({ ...devices, ...system });
  stub({ LLAMA_ARG_CACHE_TYPE_K: "q4_0", LLAMA_ATTN_ROT_DISABLE: "1", GGML_BACKEND_PATH: "/x.so", GGML_CUDA_F16: "1" });
  stub({ NVIDIA_TF32_OVERRIDE: "1", OMP_NUM_THREADS: "7", CXXFLAGS: "-ffast-math", PYTHONSTARTUP: "/x.py" });
  const environment = childEnvironment({ GGML_BACKEND_PATH: "/ours.so" });
  expect(environment).toMatchObject({ ...devices, ...system, GGML_BACKEND_PATH: "/ours.so" });
  const others = /^(LLAMA_|GGML_(?!VK_VISIBLE|BACKEND)|NVIDIA_TF|OMP|CXXFLAGS|PYTHON)/;
  expect(Object.keys(environment).filter((name) => others.test(name))).toEqual([]);
});

describe("credentials", () => {
  test("reach no child, and no worker of Slurm", () => {
    stub(credentials);
    expect(JSON.stringify(childEnvironment({ LC_ALL: "C" }))).not.toContain("canary");
    expect(JSON.stringify(workerEnvironment())).not.toContain("canary");
  });

  test("of indexes and proxies reach package installers, and those of Slurm its programs; no others", () => {
    stub(credentials);
    const passed = (use: "packages" | "slurm") =>
      Object.entries(childEnvironment({}, use)).flatMap(([name, value]) => (value.includes("canary") ? [name] : []));
    expect(passed("packages").sort()).toEqual(["HTTPS_PROXY", "PIP_INDEX_URL", "UV_INDEX_MINE_PASSWORD", "all_proxy"]);
    expect(passed("slurm")).toEqual(["SLURM_JWT"]);
  });
});
