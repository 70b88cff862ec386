import { expect, test } from "vitest";
import { errorReport } from "../../src/util/error-report.js";

/** An error as Node throws it; those of reading and writing have no path. */
const systemError = (code: string, details: object = {}) =>
  Object.assign(new Error(`${code}: failed`), { code, ...details });

test.each([
  ["too many open files", systemError("EMFILE", { path: "/a" }), "QS-ENV-LIMIT", "ulimit -n"],
  ["a write beyond the limit of file sizes", systemError("EFBIG", { syscall: "write" }), "QS-ENV-LIMIT", "ulimit -f"],
  ["too many processes", systemError("EAGAIN", { syscall: "spawn node" }), "QS-ENV-LIMIT", "ulimit -u"],
  ["a write to a full disk", systemError("ENOSPC", { syscall: "write" }), "QS-DISK-FULL", "Free disk space"],
  ["a write beyond a quota", systemError("EDQUOT", { syscall: "write" }), "QS-DISK-FULL", "Free disk space"],
  ["no memory", systemError("ENOMEM", { syscall: "mmap" }), "QS-ENV-OOM", "ulimit -v"],
  ["a thread without memory", systemError("ERR_WORKER_INIT_FAILED"), "QS-ENV-OOM", "ulimit -v"],
  ["a buffer without memory", new RangeError("Array buffer allocation failed"), "QS-ENV-OOM", "ulimit -v"],
  [
    "WebAssembly without memory",
    new RangeError("WebAssembly.Memory(): could not allocate memory"),
    "QS-ENV-OOM",
    "ulimit -v",
  ],
  ["a failing disk", systemError("EIO", { syscall: "read" }), "QS-ENV-FILE", "permissions"],
  ["a name that is not UTF-8", systemError("ENOENT", { path: "/a/caf\ufffd.txt" }), "QS-ENV-FILE", "Rename or move"],
  ["a missing file", systemError("ENOENT", { path: "/a" }), "QS-ENV-FILE", "path exists"],
  ["a lost connection", systemError("ECONNRESET", { syscall: "read" }), "QS-INTERNAL", "Report"],
  ["a bug", new RangeError("Invalid array length"), "QS-INTERNAL", "Report"],
])("%s", (_what, error, code, remedy) => {
  expect(errorReport(error)).toMatchObject({ code, remedy: expect.stringContaining(remedy) });
});
