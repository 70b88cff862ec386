import { bundleFromJSON, isBundleWithDsseEnvelope } from "@sigstore/bundle";
import { type TrustMaterial, toSignedEntity, Verifier } from "@sigstore/verify";
import { quote } from "../../util/quote.js";
import { readStatement, statementMediaType } from "./statement.js";

/** Signer and signed files. */
export interface ReadSignature {
  /** Subject alternative name of the certificate: the URL of a workflow, or an e-mail address. */
  identity: string;
  /** OpenID Connect issuer of the identity, such as `https://token.actions.githubusercontent.com`. */
  issuer: string;
  /** Path to sha256. */
  files: Map<string, string>;
}

/**
 * Verifies the certificate, its time, the log entries and the signature of a `model.sig`. The caller compares the signer
 * and the files. Returns an error message if the signature is invalid.
 */
export function readSignature(text: string, trust: TrustMaterial): ReadSignature | string {
  try {
    const bundle = bundleFromJSON(JSON.parse(text));
    if (!isBundleWithDsseEnvelope(bundle)) return "it does not contain a DSSE envelope";
    const { identity } = new Verifier(trust).verify(toSignedEntity(bundle));
    const { payload, payloadType } = bundle.content.dsseEnvelope;
    if (payloadType !== statementMediaType) return `unexpected payload type ${quote(payloadType)}`;
    const name = identity?.subjectAlternativeName;
    const issuer = identity?.extensions?.issuer;
    if (!name || !issuer) return "the certificate lacks an identity or issuer";
    const files = readStatement(payload.toString("utf8"));
    return typeof files === "string" ? files : { identity: name, issuer, files };
  } catch (error) {
    // The libraries throw errors of any type on crafted files.
    return error instanceof Error ? error.message : String(error);
  }
}

/** Returns the first difference between files, path to sha256, and the signed files; undefined if they match. */
export function findUnsigned(signed: ReadonlyMap<string, string>, files: ReadonlyMap<string, string>) {
  for (const [path, sha256] of files) {
    const expected = signed.get(path);
    if (expected === undefined) return `${path} was not signed`;
    if (expected !== sha256) return `${path} differs from the signed file`;
  }
  const missing = [...signed.keys()].find((path) => !files.has(path));
  return missing === undefined ? undefined : `the signed file ${missing} is missing`;
}
