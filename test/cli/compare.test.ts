import { cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { compare } from "../../src/cli/commands/compare.js";
import { failureOf } from "../fixtures/failure.js";
import { releaseFolder } from "../fixtures/release-folder.js";
import { temporaryFolder } from "../fixtures/temp-folder.js";

const home = temporaryFolder();
let copies = 0;
const sound = join(home, "sound");
releaseFolder(sound);

/** Copies the release's report with other text. */
function copyWith(change: (text: string) => string): string {
  const folder = join(home, `copy-${++copies}`);
  mkdirSync(folder);
  cpSync(join(sound, "release.json"), join(folder, "release.json"));
  writeFileSync(join(folder, "release.json"), change(readFileSync(join(folder, "release.json"), "utf8")));
  return folder;
}
const withField = (edit: (report: { [key: string]: unknown; variants: { quality: unknown }[] }) => void) =>
  copyWith((text) => {
    const report = JSON.parse(text);
    edit(report);
    return JSON.stringify(report);
  });

test("prints the comparison, as JSON too", async () => {
  const out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await compare(sound, sound, { json: true });
    const { variants, inputs } = JSON.parse(out.mock.calls.map(([text]) => text).join(""));
    expect(variants).toHaveLength(2);
    expect(inputs).toEqual([]);
  } finally {
    vi.restoreAllMocks();
  }
});

test.each([
  ["no tools", withField((report) => delete report.toolchain), /invalid: toolchain/],
  [
    "figures that are no numbers",
    withField(({ variants }) => ((variants[0] as object as { quality: object }).quality = {})),
    /quality\.perplexity/,
  ],
  ["no JSON", copyWith(() => "{"), /not valid JSON/],
  ["no report", temporaryFolder(), /contains no release\.json/],
])("a release with %s cannot be compared", async (_what, folder, message) => {
  const error = await failureOf(compare(sound, folder, {}));
  expect([error.code, error.message]).toEqual(["QS-VERIFY-TARGET", expect.stringMatching(message)]);
});

test("an edited report is not compared", async () => {
  const edited = withField(({ variants }) => ((variants[0] as object as { bytes: number }).bytes = 7));
  const error = await failureOf(compare(edited, sound, {}));
  expect([error.code, error.message]).toEqual([
    "QS-VERIFY-EDITED",
    expect.stringMatching(/copy-\d.*edited after packaging/),
  ]);
});

test("a huge report is not read", async () => {
  const folder = copyWith((text) => text);
  truncateSync(join(folder, "release.json"), 2 ** 40);
  expect((await failureOf(compare(sound, folder, {}))).message).toMatch(/release\.json has /);
});
