import * as z from "zod";
import { sha256 } from "../../util/sha256.js";
import { parseStrictJson } from "../../util/strict-json.js";

/** Signature of a release; the file name is that of OpenSSF Model Signing. */
export const signatureFile = "model.sig";

/** DSSE payload type of an in-toto statement. */
export const statementMediaType = "application/vnd.in-toto+json";

/** Files outside the model: the signature, and files of git, the Hub and its clients. */
const ignoredPaths: readonly string[] = [signatureFile, ".git", ".gitattributes", ".gitignore", ".github", ".cache"];

const statementType = "https://in-toto.io/Statement/v1";
const predicateType = "https://model_signing/signature/v1.0";
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.looseObject({
  _type: z.literal(statementType),
  predicateType: z.literal(predicateType),
  subject: z.tuple([z.looseObject({ digest: z.looseObject({ sha256: digest }) })]),
  predicate: z.looseObject({
    serialization: z.looseObject({ method: z.literal("files"), hash_type: z.literal("sha256") }),
    resources: z.array(z.looseObject({ name: z.string().min(1), algorithm: z.literal("sha256"), digest })),
  }),
});

/**
 * Renders the statement to sign, as specified by OpenSSF Model Signing v1.0. The predicate lists the files with their
 * sha256. The only subject is the model; its digest is the sha256 over all file digests in the order of the names.
 */
export function renderStatement(name: string, files: ReadonlyMap<string, string>): string {
  const resources = [...files]
    .sort(([a], [b]) => (sortKey(a) < sortKey(b) ? -1 : 1))
    .map(([path, sha256]) => ({ name: path, algorithm: "sha256", digest: sha256 }));
  return JSON.stringify({
    _type: statementType,
    subject: [{ name, digest: { sha256: rootDigest(resources) } }],
    predicateType,
    predicate: {
      serialization: { method: "files", hash_type: "sha256", allow_symlinks: false, ignore_paths: ignoredPaths },
      resources,
    },
  });
}

/** Parses a statement: path to sha256. Returns an error message if it is invalid or contradicts itself. */
export function readStatement(text: string): Map<string, string> | string {
  let data: unknown;
  try {
    data = parseStrictJson(text);
  } catch {
    return "the signed payload is not JSON";
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) return `the signed payload is not a statement of type ${predicateType}`;
  const { subject, predicate } = parsed.data;
  if (rootDigest(predicate.resources) !== subject[0].digest.sha256)
    return "the signed digest contradicts the file list";
  const files = new Map(predicate.resources.map((resource) => [resource.name, resource.digest]));
  return files.size === predicate.resources.length ? files : "the signed file list contains a duplicate";
}

const envelope = z.looseObject({ dsseEnvelope: z.looseObject({ payload: z.string() }) });

/** Returns the files that a `model.sig` lists, path to sha256, without verifying it; undefined if it is malformed. */
export function readSignedFiles(text: string): Map<string, string> | undefined {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = envelope.safeParse(data);
  if (!parsed.success) return undefined;
  const files = readStatement(Buffer.from(parsed.data.dsseEnvelope.payload, "base64").toString("utf8"));
  return typeof files === "string" ? undefined : files;
}

function rootDigest(resources: readonly { digest: string }[]): string {
  return sha256(Buffer.from(resources.map((resource) => resource.digest).join(""), "hex"));
}

/** model_signing sorts paths by component. */
function sortKey(path: string): string {
  return path.replaceAll("/", "\0");
}
