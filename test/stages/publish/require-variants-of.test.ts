import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { publishTo } from "../../../src/stages/publish/publish.js";
import { releaseFiles } from "../../../src/stages/publish/release-files.js";
import { requireVariantsOf } from "../../../src/stages/publish/require-variants-of.js";
import { failureOf } from "../../fixtures/failure.js";
import { releaseFolder } from "../../fixtures/release-folder.js";
import { temporaryFolder } from "../../fixtures/temp-folder.js";

test("a run does not publish the release that another one has put in its place", async () => {
  const home = temporaryFolder();
  const [folder, path] = [join(home, "release"), join(home, "target")];
  const { signal } = new AbortController();
  releaseFolder(folder, { variants: { Q8_0: 1 } });
  const { report } = await releaseFiles(folder, signal);
  const publish = () =>
    publishTo(
      folder,
      { kind: "dir", path },
      { signal, onProgress: () => undefined, onRelease: requireVariantsOf(report) },
    );
  releaseFolder(folder, { variants: { Q4_K_M: 2 } });
  expect((await failureOf(publish())).code).toBe("QS-PUBLISH-RELEASE");
  expect(existsSync(path)).toBe(false);
  releaseFolder(folder, { variants: { Q8_0: 1 } });
  expect((await publish()).report.variants.map(({ name }) => name)).toEqual(["Q8_0"]);
});
