import { bundleFromJSON, isBundleWithDsseEnvelope } from "@sigstore/bundle";
import { type TrustMaterial, toSignedEntity, Verifier } from "@sigstore/verify";
import { readStatement, statementMediaType } from "./statement.js";

/** Who signed which files. */
export interface ReadSignature {
  /** The subject alternative name of the certificate: a workflow's address, or an e-mail address. */
  identity: string;
  /** Who vouched for the identity, such as `https://token.actions.githubusercontent.com`. */
  issuer: string;
  /** Path to sha256. */
  files: Map<string, string>;
}

/**
 * Checks a `model.sig` in itself: certificate, its time, the log entries and the signature. Whether the files are those
 * that were signed, and the signer the right one, is left to the caller. A sentence says what is wrong with it.
 */
export function readSignature(text: string, trust: TrustMaterial): ReadSignature | string {
  try {
    const bundle = bundleFromJSON(JSON.parse(text));
    if (!isBundleWithDsseEnvelope(bundle)) return "it is no signature over a list of files";
    const { identity } = new Verifier(trust).verify(toSignedEntity(bundle));
    const { payload, payloadType } = bundle.content.dsseEnvelope;
    if (payloadType !== statementMediaType) return `what was signed is of the type ${payloadType}`;
    const name = identity?.subjectAlternativeName;
    const issuer = identity?.extensions?.issuer;
    if (!name || !issuer) return "its certificate names no signer";
    const files = readStatement(payload.toString("utf8"));
    return typeof files === "string" ? files : { identity: name, issuer, files };
  } catch (error) {
    // Whatever a crafted file makes the libraries throw, it is no valid signature.
    return error instanceof Error ? error.message : String(error);
  }
}

/** The first thing in which files, path to sha256, differ from those that were signed. */
export function findUnsigned(signed: ReadonlyMap<string, string>, files: ReadonlyMap<string, string>) {
  for (const [path, sha256] of files) {
    const expected = signed.get(path);
    if (expected === undefined) return `${path} was not signed`;
    if (expected !== sha256) return `${path} is not the file that was signed`;
  }
  const missing = [...signed.keys()].find((path) => !files.has(path));
  return missing === undefined ? undefined : `${missing} was signed and is not there`;
}
