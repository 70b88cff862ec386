import { findProgram } from "./find-program.js";
import { runSubprocess } from "./subprocess.js";

/*
 * POSIX ACLs of Linux, which Node cannot read: the programs of the package `acl` do. With an ACL, the group bits of the mode
 * are the limit of all users and groups that the ACL names, not the rights of the file's group.
 */

/** The entries of an ACL, one per line; "" if the mode is all there is; undefined for an ACL that cannot be read. */
export type Acl = string | undefined;

/** Returns the ACLs of files and folders, in their order. */
export async function readAcls(paths: readonly string[]): Promise<Acl[]> {
  if (process.platform !== "linux" || paths.length === 0) return paths.map(() => "");
  const options = ["--omit-header", "--numeric", "--no-effective", "--absolute-names"];
  const lists = (await output("getfacl", [...options, "--", ...paths]))?.trimEnd().split("\n\n");
  if (lists?.length === paths.length) return lists.map((list) => (/^(?:mask|default):/m.test(list) ? list : ""));
  // GNU's `ls` shows that there is an ACL by a `+` after the mode.
  const lines = (await output("ls", ["-ndU", "--quoting-style=escape", "--", ...paths]))?.trimEnd().split("\n");
  return paths.map((_path, i) => (lines?.length === paths.length && lines[i]?.[10] !== "+" ? "" : undefined));
}

/** Replaces the ACL of a file or folder; "" leaves none. Returns false if that is impossible here. */
export async function writeAcl(path: string, acl: string): Promise<boolean> {
  const entries = acl === "" ? [] : ["--set-file=-"];
  return (await output("setfacl", ["--remove-all", ...entries, "--", path], acl)) !== undefined;
}

/** Returns what a program prints; undefined if it is missing or fails. */
async function output(program: string, args: string[], input = ""): Promise<string | undefined> {
  const file = await findProgram([program]);
  if (file === undefined) return undefined;
  const result = await runSubprocess({ file, args, cwd: "/", input }).catch(() => undefined);
  return result?.exitCode === 0 ? result.stdout : undefined;
}
