import { expect, test } from "vitest";
import { errorReport } from "../../src/util/error-report.js";
import { runLimitedChild } from "../../src/util/limited-child.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

test.each(["process.exitCode = 1", "process.kill(process.pid, 'SIGKILL')"])(
  "an error shows what a child says of itself, not the user's texts: %s",
  async (end) => {
    const error: unknown = await runLimitedChild({
      file: process.execPath,
      args: ["-e", `console.log("a conversation"); console.error("why"); setImmediate(() => ${end})`],
      values: [],
      work: temporaryFolder(),
      signal: new AbortController().signal,
      limits: { memoryBytes: 512e6, seconds: 60 },
      onText: () => {},
      exceeded: (limit) => new Error(limit),
      about: "the rendering",
    }).catch((reason: unknown) => reason);
    const report = JSON.stringify(errorReport(error));
    expect(report).toContain("why");
    expect(report).not.toContain("a conversation");
  },
);
