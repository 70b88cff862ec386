import { access, constants } from "node:fs/promises";

let argv: Promise<string[]> | undefined;

/**
 * Words to put before a program so that the kernel kills it when this process dies, even by SIGKILL.
 * Linux only (util-linux `setpriv --pdeathsig`); empty where it is missing, and a killed parent may then
 * leave a child running until it ends by itself.
 */
export function parentDeathArgv(): Promise<string[]> {
  argv ??= find();
  return argv;
}

async function find(): Promise<string[]> {
  if (process.platform !== "linux") return [];
  for (const file of ["/usr/bin/setpriv", "/bin/setpriv"]) {
    try {
      await access(file, constants.X_OK);
      return [file, "--pdeathsig", "KILL", "--"];
    } catch {
      // Not there; try the next place.
    }
  }
  return [];
}
