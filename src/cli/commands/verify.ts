import { resolve } from "node:path";
import { hubConnection } from "../../hub/connection.js";
import type { ExpectedSigner } from "../../release/verify/check-signature.js";
import { verifyFolder } from "../../release/verify/verify-folder.js";
import { verifyRemote } from "../../release/verify/verify-remote.js";
import type { VerifyReport } from "../../release/verify/verify-report.js";
import { formatBytes } from "../../util/bytes.js";
import { interruptSignal } from "../interrupt.js";
import { note, print, printJson, problemLines, textTable } from "../print.js";
import { hubRelease } from "../release-target.js";

/** `quantsmith verify`: prints the problems of a release; exit code 3 if it has errors. */
export async function verify(release: string, options: { json?: boolean } & ExpectedSigner): Promise<void> {
  const { identity, issuer } = options;
  const signer = { ...(identity === undefined ? {} : { identity }), ...(issuer === undefined ? {} : { issuer }) };
  const onFile = (path: string, bytes: number) => note(`checking ${path} (${formatBytes(bytes)})`);
  const report = await verifyTarget(release, onFile, signer);
  if (options.json === true) printJson(report);
  else printReport(report);
  if (!report.ok) process.exitCode = 3;
}

async function verifyTarget(
  release: string,
  onFile: (path: string, bytes: number) => void,
  signer: ExpectedSigner,
): Promise<VerifyReport> {
  const signal = interruptSignal();
  const remote = hubRelease(release);
  if (remote === undefined) return verifyFolder(resolve(release), signal, onFile, signer);
  return verifyRemote(hubConnection(), remote, signal, onFile, signer);
}

function printReport({ ok, release, files, signature, resolutions, problems }: VerifyReport): void {
  const rows = files.map(({ path, bytes, label, bitsPerWeight, ok: sound }) => [
    sound ? "ok" : "WRONG",
    path,
    formatBytes(bytes),
    label ?? "",
    bitsPerWeight?.toFixed(3) ?? "",
  ]);
  print([...textTable(["", "File", "Size", "Label", "Bits/weight"], rows), ""]);
  const picks = resolutions.map(({ runtime, reference, file, downloads, why }) => [
    runtime,
    reference,
    file ?? `— ${why ?? ""}`,
    downloads.length > 1 ? `and ${downloads.length - 1} more` : "",
  ]);
  print([...textTable(["Runtime", "Requested", "Resolved to", ""], picks), ""]);
  if (signature?.ok === true) print(`Signed by ${signature.identity} (${signature.issuer}).`);
  print(problemLines(problems));
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const signed = signature?.ok === true ? "" : " (not signed)";
  print(ok ? `${release} is valid${signed}.` : `${release}: ${errors === 1 ? "1 error" : `${errors} errors`}.`);
}
