import { afterEach, expect, test, vi } from "vitest";
import { requireReachable } from "../../../src/stages/publish/publish.js";
import { canary } from "../../fixtures/publish-client.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

afterEach(() => vi.unstubAllEnvs());

test("publishing uses the token also with HF_HUB_DISABLE_IMPLICIT_TOKEN", () => {
  const env = { HF_HOME: temporaryFolder(), HF_TOKEN: canary, HF_HUB_DISABLE_IMPLICIT_TOKEN: "1", HF_HUB_OFFLINE: "" };
  for (const [name, value] of Object.entries({ ...env, TRANSFORMERS_OFFLINE: "" })) vi.stubEnv(name, value);
  const target = { kind: "hub" as const, repo: "me/model", via: "branch" as const, private: false };
  expect(() => requireReachable(target)).not.toThrow();
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) vi.stubEnv(name, "");
  expect(() => requireReachable(target)).toThrow("needs a token");
});
