import { findUnsigned, parseSignature, type Signer, verifySigner } from "../sign/read-signature.js";
import { loadTrust, sigstoreInstance } from "../sign/sigstore-instance.js";
import { signatureFile } from "../sign/statement.js";
import { errorProblem, type SignatureReport, type VerifyProblem } from "./verify-report.js";

/** The required signer; an omitted field matches any value. */
export interface ExpectedSigner {
  identity?: string;
  issuer?: string;
}

export interface CheckedSignature {
  signature: SignatureReport | null;
  problems: VerifyProblem[];
}

/**
 * Verifies `model.sig` over the release's files, path to sha256. Without an expected signer the signature is optional.
 * Errors: QS-SIGN-ROOT.
 */
export async function checkSignature(
  text: string | undefined,
  files: ReadonlyMap<string, string>,
  expected: ExpectedSigner,
): Promise<CheckedSignature> {
  const demanded = expected.identity !== undefined || expected.issuer !== undefined;
  if (text === undefined) return { signature: null, problems: demanded ? [bad("the release is not signed")] : [] };
  const signature = parseSignature(text);
  if (typeof signature === "string") return invalid(`is not a valid signature: ${signature}`);
  const difference = findUnsigned(signature.files, files);
  const trust = await loadTrust(sigstoreInstance());
  if (typeof trust === "string") {
    return difference === undefined
      ? unchecked(trust, demanded)
      : invalid(`does not match this release: ${difference}`);
  }
  const signer = verifySigner(signature, trust);
  if (typeof signer === "string") return invalid(`is not a valid signature: ${signer}`);
  const reason = difference ?? otherSigner(signer, expected);
  if (reason !== undefined) return invalid(`does not match this release: ${reason}`, signer);
  return { signature: { state: "valid", ...signer, ok: true }, problems: [] };
}

function invalid(why: string, signer?: Signer): CheckedSignature {
  return {
    signature: { state: "invalid", identity: null, issuer: null, ...signer, ok: false },
    problems: [bad(`${signatureFile} ${why}`)],
  };
}

/**
 * Returns how a signer differs from the expected one; undefined if it does not. Compares exactly, not with patterns: `.` in
 * an address must not match any character.
 */
export function otherSigner(
  signer: { [Key in keyof Signer]: Signer[Key] | null },
  expected: ExpectedSigner,
): string | undefined {
  if (expected.identity !== undefined && signer.identity !== expected.identity) {
    return `it was signed by ${signer.identity} instead of ${expected.identity}`;
  }
  if (expected.issuer !== undefined && signer.issuer !== expected.issuer) {
    return `the identity was issued by ${signer.issuer} instead of ${expected.issuer}`;
  }
  return undefined;
}

function unchecked(why: string, demanded: boolean): CheckedSignature {
  const problem = errorProblem(
    "QS-VERIFY-UNCHECKED",
    signatureFile,
    `${signatureFile} was not verified: ${why}`,
    "Verify again with network access, or set `QUANTSMITH_SIGSTORE_ROOT` to a trusted_root.json of Sigstore.",
  );
  return {
    signature: { state: "unchecked", identity: null, issuer: null, ok: false },
    problems: [demanded ? problem : { ...problem, severity: "warning" }],
  };
}

function bad(message: string): VerifyProblem {
  const remedy = `Do not use the release as one of this signer. If it is yours, remove ${signatureFile} and publish again with \`--sign\`.`;
  return errorProblem("QS-VERIFY-SIGNATURE", signatureFile, message, remedy);
}
