import { access, constants } from "node:fs/promises";

let argv: Promise<string[]> | undefined;

/**
 * Returns a command prefix with which the kernel kills a child when this process dies, even by SIGKILL. Linux only
 * (util-linux `setpriv --pdeathsig`); empty elsewhere, where children may outlive a killed parent.
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
      // Missing; try the next path.
    }
  }
  return [];
}
