import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { type PublishTarget, parseTarget } from "../../../src/stages/publish/target.js";
import { thrownBy } from "../../fixtures/failure.js";

const recipe: PublishTarget = {
  ...{
    kind: "hub",
    repo: "me/a",
    via: "pr",
    private: true,
    gated: "manual",
    collection: "me/all-0123456789abcdef01234567",
  },
  sign: true,
  removeOld: true,
};

describe("parseTarget", () => {
  test("with options only", () => {
    expect(parseTarget({ to: "hf:me/b" })).toEqual({ kind: "hub", repo: "me/b", via: "branch" });
    expect(parseTarget({ to: "dir:out" })).toEqual({ kind: "dir", path: resolve("out") });
    expect(parseTarget({ to: "hf:me/b", via: "direct", private: true, sign: true })).toEqual({
      ...{ kind: "hub", repo: "me/b", via: "direct", private: true, sign: true },
    });
  });

  test("an address after dir: is not a folder, and its password is not shown", () => {
    for (const to of ["dir:https://u:s3cr3t@h/x", "dir://u:s3cr3t@h/x", "dir:https:/u:a s3cr3t@h"]) {
      const error = thrownBy(() => parseTarget({ to }));
      expect(error).toMatchObject({ code: "QS-PUBLISH-TARGET" });
      expect(error.message).toMatch(/^(?!.*s3cr3t).*is not a valid target$/);
    }
  });

  test("with a recipe whose settings options override", () => {
    expect(parseTarget({}, recipe)).toEqual(recipe);
    expect(parseTarget({ to: "hf:me/b" }, recipe)).toEqual({ ...recipe, repo: "me/b" });
    expect(parseTarget({ via: "branch" }, recipe)).toEqual({ ...recipe, via: "branch" });
    expect(parseTarget({ to: "dir:out" }, recipe)).toEqual({
      kind: "dir",
      path: resolve("out"),
      sign: true,
      removeOld: true,
    });
    expect(parseTarget({}, { kind: "dir", path: resolve("out") })).toEqual({ kind: "dir", path: resolve("out") });
  });

  test("--no-private and private: false allow a public repository; --private and --gated change the recipe's", () => {
    const open: PublishTarget = { ...recipe, private: false };
    expect(parseTarget({ private: false }, recipe)).toEqual(open);
    expect(parseTarget({}, open)).toEqual(open);
    expect(parseTarget({ private: true }, open)).toEqual(recipe);
    expect(parseTarget({ gated: "false" }, recipe)).toEqual({ ...recipe, gated: false });
    expect(parseTarget({ to: "hf:me/b", gated: "auto" })).toMatchObject({ gated: "auto" });
    expect(thrownBy(() => parseTarget({ gated: "yes" }, recipe)).code).toBe("QS-USAGE");
  });

  test("with --to hf: and a recipe that publishes to a folder", () => {
    const folder: PublishTarget = { kind: "dir", path: "/srv/models" };
    expect(parseTarget({ to: "hf:me/b" }, folder)).toEqual(parseTarget({ to: "hf:me/b" }));
  });

  test.each(["main", "v1.0", "refs/pr/3"])("rejects the revision %s", (revision) => {
    const { code, message, remedy } = thrownBy(() => parseTarget({ to: `hf:me/b@${revision}` }, recipe));
    expect(code).toBe("QS-PUBLISH-TARGET");
    expect(message).toContain(`"hf:me/b@${revision}"`);
    expect(message).toContain("revision");
    expect(remedy).toContain("`hf:me/b`;");
  });

  test.each([
    [{}, "QS-USAGE"],
    [{ to: "me/b" }, "QS-PUBLISH-TARGET"],
    [{ to: "hf:b" }, "QS-PUBLISH-TARGET"],
    [{ to: "hf:me/b@" }, "QS-PUBLISH-TARGET"],
    [{ to: "dir:~/models" }, "QS-PUBLISH-TARGET"],
    [{ to: "dir:$HOME/models" }, "QS-PUBLISH-TARGET"],
    [{ to: "hf:me/b", via: "carrier" }, "QS-USAGE"],
    [{ to: "dir:out", private: true }, "QS-USAGE"],
  ])("rejects %j", (text, code) => {
    const failure = thrownBy(() => parseTarget(text));
    expect(failure.code).toBe(code);
    expect(failure.remedy).not.toBe("");
  });
});
