import { type LiveFileState, liveFileState, sameButLinks } from "./file-state.js";

/** The ctime of a file before a hard link of this process, by the file and its ctime after it. */
const before = new Map<string, string>();

/** Runs work that adds a hard link to a file and changes nothing else of it. Rejects with its errors. */
export async function addingLink(path: string, work: () => Promise<void>): Promise<void> {
  const former = await liveFileState(path);
  await work();
  const now = await liveFileState(path);
  if (sameButLinks(former, now) && former.ctime !== now.ctime) before.set(keyOf(now), former.ctime);
}

/** Whether a path still leads to the same file, which only hard links of this process have changed. */
export function isOnlyLinked(former: LiveFileState, now: LiveFileState): boolean {
  if (!sameButLinks(former, now)) return false;
  let ctime: string | undefined = now.ctime;
  // With a clock that was set back, a file can have a ctime again.
  for (let links = 0; ctime !== undefined && ctime !== former.ctime && links < before.size; links++)
    ctime = before.get(keyOf({ ...now, ctime }));
  return ctime === former.ctime;
}

const keyOf = ({ device, inode, ctime }: LiveFileState) => `${device}:${inode}:${ctime}`;
