import { lstat, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isMissing, QuantsmithError } from "./errors.js";
import { isOwnUid } from "./own-entry.js";
import { isProcessAlive, processName, processUser } from "./process-identity.js";
import { quote } from "./quote.js";

/** Consecutive looks without a heartbeat, about five seconds in all, after which another process takes a lock over. */
const maxSilentLooks = 25;
/** The same for a lock without an owner file, which is created at once. A live owner notices the takeover, see `create`. */
const maxOwnerlessLooks = 2;
const ownerName = /^[0-9a-f]{8}-\d+-\d+-[0-9a-f]{8}$/;

/** Owner files of this process. */
export const owned = new Set<string>();

/** The owner of a lock. */
export interface Owner {
  /** Its file, or a name for it if it was killed before it created the file. */
  file: string;
  /** Number of the user that created it. */
  uid: number;
  /** Changes with every heartbeat. */
  state: string;
  /** Undefined if its process is on another machine, or unknown. */
  isAlive: boolean | undefined;
  /** Consecutive looks without a heartbeat after which it is gone. */
  maxSilentLooks: number;
}

/** Returns the owner of a lock; undefined if there is no lock. Errors: QS-ENV-LOCK for anything else at its path. */
export async function findOwner(path: string): Promise<Owner | undefined> {
  try {
    const folder = await lstat(path, { bigint: true });
    if (!folder.isDirectory()) throw foreignLock(path, folder.isSymbolicLink() ? "a symbolic link" : "not a folder");
    const names = await readdir(path);
    const other = names.find((name) => !ownerName.test(name));
    if (other !== undefined) throw foreignLock(path, `a folder that contains ${quote(other)}`);
    const [name] = names;
    const file = join(path, name ?? "unknown");
    const found = name === undefined ? folder : await lstat(file, { bigint: true });
    const state = `${name} ${found.ino} ${found.mtimeNs}`;
    const uid = Number(found.uid);
    if (name === undefined) return { file, uid, state, isAlive: undefined, maxSilentLooks: maxOwnerlessLooks };
    if (!found.isFile() || found.size > 0n) throw foreignLock(path, `a folder that contains ${quote(name)}`);
    const isAlive = isOwnerAlive(name);
    const isForged = isAlive === true && (await isOfAnother(name, uid, dirname(path)));
    return { file, uid, state, isAlive: isForged ? false : isAlive, maxSilentLooks };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Says who has a lock: "process 4711 of user 1001 has the lock /work/quantsmith/tmp/removal.lock". */
export function describeOwner({ file, uid, isAlive }: Owner): string {
  const holder =
    isAlive === true ? `process ${basename(file).split("-")[1]}` : "a process of another machine or container";
  const user = uid === process.geteuid?.() ? "" : ` of user ${uid}`;
  return `${holder}${user} has the lock ${dirname(file)}`;
}

/** The error for something at the path of a lock that is none of this user. */
export function foreignLock(path: string, what: string): QuantsmithError {
  return new QuantsmithError("QS-ENV-LOCK", `${path}, which would be a lock of quantsmith, is ${what}`, {
    remedy: "Move or remove it if you do not need it, then run again. It was not changed.",
    at: { file: path },
  });
}

/** This process may have failed to remove the file of a lock that it has released. */
function isOwnerAlive(name: string): boolean | undefined {
  if (name.startsWith(`${processName()}-`)) return [...owned].some((file) => basename(file) === name);
  return isProcessAlive(name);
}

/** Whether another user created the lock for a process that is not of that user: anybody can know the names of processes. */
async function isOfAnother(name: string, uid: number, folder: string): Promise<boolean> {
  const user = processUser(name);
  return user !== undefined && user !== uid && !(await isOwnUid(uid, folder));
}

/** Decides by repeated looks whether the owner of a lock is gone. Looks are counted, so that sleep does not count. */
export class OwnerWatch {
  #state = "";
  #silentLooks = 0;

  isGone({ state, isAlive, maxSilentLooks }: Owner): boolean {
    this.#silentLooks = state === this.#state ? this.#silentLooks + 1 : 0;
    this.#state = state;
    // A stopped process has no heartbeat and continues later.
    return isAlive === false || (isAlive === undefined && this.#silentLooks >= maxSilentLooks);
  }
}
