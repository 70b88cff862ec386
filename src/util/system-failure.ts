import type { ErrorCode } from "./error-codes.js";
import { isSystemError } from "./errors.js";
import { isForeignName } from "./system-reason.js";

export interface SystemFailure {
  code: ErrorCode;
  remedy: string;
}

const openFiles = {
  code: "QS-ENV-LIMIT",
  remedy: "Raise the limit of open files, for example with `ulimit -n 4096`.",
} as const;
/** For a file that exceeds the limit of a shell or of a file system. */
export const fileSizeRemedy =
  "Raise the limit of file sizes with `ulimit -f unlimited`, or use a file system that supports larger files.";
const diskFull = {
  code: "QS-DISK-FULL",
  remedy: "Free disk space or use a folder on another disk, then run again.",
} as const;
const memory = {
  code: "QS-ENV-OOM",
  remedy:
    "Close other programs, raise the limit of memory with `ulimit -v unlimited`, or use a machine with more memory.",
} as const;
const file = {
  code: "QS-ENV-FILE",
  remedy: "Check that the path exists, that its permissions let you read or write it, and that the disk has space.",
} as const;

const failures: Readonly<Record<string, SystemFailure>> = {
  EMFILE: openFiles,
  ENFILE: openFiles,
  EFBIG: { code: "QS-ENV-LIMIT", remedy: fileSizeRemedy },
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  ENOMEM: memory,
  ERR_WORKER_INIT_FAILED: memory,
  ERR_WORKER_OUT_OF_MEMORY: memory,
  ENAMETOOLONG: {
    code: "QS-ENV-FILE",
    remedy: "Shorten the name: most file systems allow 255 bytes, and a lock beside the file adds to it.",
  },
  EIO: file,
  EROFS: file,
};

/** From JavaScript buffers, WebAssembly and the loader of shared libraries. */
const outOfMemory =
  /^Array buffer allocation failed|^WebAssembly\.\w+\(\): (?:could not allocate|out of) memory|failed to map segment from shared object|Cannot allocate memory/i;

/** Returns code and remedy of an error that the system causes, such as a full disk; undefined for any other error. */
export function systemFailure(error: unknown): SystemFailure | undefined {
  if (error instanceof Error && outOfMemory.test(error.message)) return memory;
  if (!isSystemError(error)) return undefined;
  if (error.code === "EAGAIN" && error.syscall?.startsWith("spawn")) {
    return { code: "QS-ENV-LIMIT", remedy: "Raise the limit of processes, for example with `ulimit -u 4096`." };
  }
  if (isForeignName(error)) {
    return { code: "QS-ENV-FILE", remedy: "Rename or move the file: its name has bytes that are not UTF-8." };
  }
  return failures[error.code ?? ""] ?? (error.path === undefined ? undefined : file);
}
