import { QuantsmithError } from "../../util/errors.js";
import { packageVersion } from "../../util/package-version.js";
import { quote } from "../../util/quote.js";
import { hasUrlCredentials } from "../../util/redact.js";
import { sha256 } from "../../util/sha256.js";

/** Path of the workflow in every repository, and in this package, which uses the same workflow. */
export const workflowPath = ".github/workflows/release-gguf.yml";

/** The two `install` defaults in this repository's workflow: "." for a manual start, a version for calls. */
const repositoryInstall = `        description: npm package the workflow installs; "." is this repository\n        type: string\n        default: .\n`;
const calledInstall = /( {8}description: npm package the workflow installs\n {8}type: string\n {8}default: ).+\n/;

const stamp = /^# Written by `quantsmith init ci` [^\n]*; sha256 of the lines below: ([0-9a-f]{64})\n/;

/**
 * Renders the release workflow for another repository: it installs `install` with npm. Errors: those of
 * `requireInstallable`.
 */
export function renderWorkflow(template: string, install: string): string {
  requireInstallable(install);
  if (!template.includes(repositoryInstall) || !calledInstall.test(template)) {
    throw new Error(`${workflowPath} lacks an expected \`install\` input`);
  }
  const called = `        description: npm package the workflow installs\n        type: string\n        default: ${JSON.stringify(install)}\n`;
  return stamped(template.replace(calledInstall, () => called).replace(repositoryInstall, () => called));
}

/**
 * Requires that npm can install `install`, and that it contains no credentials, which everyone who reads the repository
 * would see. Errors: QS-USAGE.
 */
export function requireInstallable(install: string): void {
  if (hasCredentials(install)) {
    throw new QuantsmithError("QS-USAGE", "the address of `--install` contains credentials, and a workflow is public", {
      remedy: "Give the address without them, and let the workflow's git read them from a secret of the repository.",
    });
  }
  // npm would parse a leading `-` as an option, and YAML a leading `#` as a comment.
  if (/^[\w@./~][\w@./:+#~^-]{0,499}$/.test(install)) return;
  throw new QuantsmithError("QS-USAGE", `npm cannot install ${quote(install)}`, {
    remedy:
      "Give a version such as `quantsmith@0.1.0`, or an address such as `git+https://example.org/quantsmith.git#v0.1.0`.",
  });
}

/** Returns a workflow after a line that lets `isUnmodified` detect edits. */
export function stamped(text: string): string {
  return `# Written by \`quantsmith init ci\` ${packageVersion()}; sha256 of the lines below: ${sha256(text)}\n${text}`;
}

/** Returns whether a file was written by any version of quantsmith and not edited since. */
export function isUnmodified(text: string): boolean {
  const [line, digest] = stamp.exec(text) ?? [];
  return line !== undefined && digest === sha256(text.slice(line.length));
}

/** The user name of ssh, such as `git`, is no credential. */
function hasCredentials(install: string): boolean {
  const isToken = /\b(?:gh[a-z]|github_pat|glpat|npm|hf)[_-][A-Za-z0-9_-]{10,}/.test(install);
  return isToken || hasUrlCredentials(install.replace(/^(git\+ssh|ssh):\/\/[\w-]+@/, "$1://"));
}
