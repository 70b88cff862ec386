import { type BundleWithDsseEnvelope, bundleFromJSON, isBundleWithDsseEnvelope } from "@sigstore/bundle";
import { type TrustMaterial, toSignedEntity, Verifier } from "@sigstore/verify";
import { quote } from "../../util/quote.js";
import { parseStrictJson } from "../../util/strict-json.js";
import { readStatement, statementMediaType } from "./statement.js";

/** A `model.sig` whose signature is not verified yet. */
export interface Signature {
  bundle: BundleWithDsseEnvelope;
  /** Signed files, path to sha256. */
  files: ReadonlyMap<string, string>;
}

export interface Signer {
  /** Subject alternative name of the certificate: the URL of a workflow, or an e-mail address. */
  identity: string;
  /** OpenID Connect issuer of the identity, such as `https://token.actions.githubusercontent.com`. */
  issuer: string;
}

/** Parses a `model.sig`, which needs no trusted root. Returns an error message if it is malformed. */
export function parseSignature(text: string): Signature | string {
  return orMessage(() => {
    const bundle = bundleFromJSON(parseStrictJson(text));
    if (!isBundleWithDsseEnvelope(bundle)) return "it does not contain a DSSE envelope";
    const { payload, payloadType } = bundle.content.dsseEnvelope;
    if (payloadType !== statementMediaType) return `unexpected payload type ${quote(payloadType)}`;
    const files = readStatement(payload.toString("utf8"));
    return typeof files === "string" ? files : { bundle, files };
  });
}

/**
 * Verifies the certificate of a signature, its time, the log entries and the signature itself. The caller compares the
 * signer and the files. Returns an error message if the signature is invalid.
 */
export function verifySigner({ bundle }: Signature, trust: TrustMaterial): Signer | string {
  return orMessage(() => {
    const { identity } = new Verifier(trust).verify(toSignedEntity(bundle));
    const name = identity?.subjectAlternativeName;
    const issuer = identity?.extensions?.issuer;
    return name && issuer ? { identity: name, issuer } : "the certificate lacks an identity or issuer";
  });
}

/** The libraries throw errors of any type on crafted files. */
function orMessage<T>(read: () => T | string): T | string {
  try {
    return read();
  } catch (error) {
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
