import { QuantsmithError } from "../../util/errors.js";
import { packageVersion } from "../../util/package-version.js";
import { sha256 } from "../../util/sha256.js";

/** Where GitHub looks for it, and where it lies in this package, whose own workflow it is. */
export const workflowPath = ".github/workflows/release-gguf.yml";

/** The two places where our own workflow names what it installs: this repository when started here, a version elsewhere. */
const repositoryInstall = `        description: npm package the workflow installs; "." is this repository\n        type: string\n        default: .\n`;
const calledInstall = /( {8}description: npm package the workflow installs\n {8}type: string\n {8}default: ).+\n/;

const stamp = /^# Written by `quantsmith init ci` [^\n]*; sha256 of the lines below: ([0-9a-f]{64})\n/;

/**
 * Our own release workflow as another repository has it: installing `install`, which npm understands, and with a first
 * line by which `isUnmodified` knows whether somebody has changed it. Errors: QS-USAGE when `install` is no npm name.
 */
export function renderWorkflow(template: string, install: string): string {
  // What begins with `-` would be an option of npm, and with `#` a comment.
  if (!/^[\w@./~][\w@./:+#~^-]{0,499}$/.test(install)) {
    throw new QuantsmithError("QS-USAGE", `npm cannot install "${install}"`, {
      remedy:
        "Give a version such as quantsmith@0.1.0, or an address such as git+https://example.org/quantsmith.git#v0.1.0.",
    });
  }
  if (!template.includes(repositoryInstall) || !calledInstall.test(template)) {
    throw new Error(`${workflowPath} does not say what it installs where it is looked for`);
  }
  const called = `        description: npm package the workflow installs\n        type: string\n        default: ${JSON.stringify(install)}\n`;
  const text = template.replace(calledInstall, () => called).replace(repositoryInstall, () => called);
  return `# Written by \`quantsmith init ci\` ${packageVersion()}; sha256 of the lines below: ${sha256(text)}\n${text}`;
}

/** Whether a file is one that some version of quantsmith wrote and nobody has changed since. */
export function isUnmodified(text: string): boolean {
  const [line, digest] = stamp.exec(text) ?? [];
  return line !== undefined && digest === sha256(text.slice(line.length));
}
