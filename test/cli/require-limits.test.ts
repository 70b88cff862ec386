import { expect, test } from "vitest";
import { requireLimits, requireSilentNode, requireUtf8 } from "../../src/cli/require-limits.js";
import { QuantsmithError } from "../../src/util/errors.js";
import { thrownBy } from "../fixtures/failure.js";

/** The part of /proc/self/limits that is read. */
const limits = (files: string, bytes: string) =>
  [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    `Max open files            ${files.padEnd(20)} 1048576              files     `,
    `Max address space         ${bytes.padEnd(20)} unlimited            bytes     `,
  ].join("\n");

test.each([
  ["usual limits", limits("1024", "unlimited")],
  ["the smallest limits", limits("256", "4000000000")],
  ["a system without /proc", ""],
])("%s suffice", (_what, text) => {
  expect(() => requireLimits(text)).not.toThrow();
});

test.each([
  ["64 open files", limits("64", "unlimited"), "the limit of open files is 64", "ulimit -n 4096"],
  ["a small address space", limits("1024", "1536000000"), "address space is 1.54 GB", "ulimit -v unlimited"],
])("%s are refused with the command that raises the limit", (_what, text, message, remedy) => {
  const error = (() => {
    try {
      return requireLimits(text);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(QuantsmithError);
  expect(error).toMatchObject({
    code: "QS-ENV-LIMIT",
    message: expect.stringContaining(message),
    remedy: expect.stringContaining(remedy),
  });
});

test("paths that are not in UTF-8, which Node shows as other ones, are errors", () => {
  const replaced = Buffer.from("dir\xe9", "latin1").toString();
  expect(thrownBy(() => requireUtf8(`/home/${replaced}`, [])).code).toBe("QS-ENV-FILE");
  expect(thrownBy(() => requireUtf8("/home", ["publish", replaced])).code).toBe("QS-USAGE");
  expect(() => requireUtf8("/home/diré", ["--to", "dir:./é"])).not.toThrow();
});

test.each(["http", "tls,HTTPS", "stream, NET", "ht*", "*", "child_process", "undici,timer"])(
  "NODE_DEBUG=%s, with which Node prints tokens and passwords, is refused",
  (sections) => expect(() => requireSilentNode(sections)).toThrow(expect.objectContaining({ code: "QS-ENV-DEBUG" })),
);

test.each(["", "timer,module", "my-http"])("NODE_DEBUG=%j is allowed", (sections) => requireSilentNode(sections));
