import { generateKeyPairSync, sign } from "node:crypto";
import type { Signature, Signer } from "@sigstore/sign";
import * as z from "zod";
import type { Identity } from "./identity-token.js";
import { requestJson } from "./service-request.js";

/** Fulcio's answer: the chain in PEM, the signing certificate first. */
const chain = z.object({ chain: z.object({ certificates: z.array(z.string()).min(1) }) });
const answer = z.union([
  z.object({ signedCertificateEmbeddedSct: chain }).transform((found) => found.signedCertificateEmbeddedSct),
  z.object({ signedCertificateDetachedSct: chain }).transform((found) => found.signedCertificateDetachedSct),
]);

/**
 * Signs with a new key, for which Fulcio issues a certificate with the identity of the token. @sigstore/sign's own signer
 * would send the token to wherever the service redirects.
 * Errors of `sign`: an Error with the service's reason, or the reason of `signal`.
 */
export class FulcioSigner implements Signer {
  readonly #service: string;
  readonly #identity: Identity;
  readonly #signal: AbortSignal;

  constructor(service: string, identity: Identity, signal: AbortSignal) {
    this.#service = service.replace(/\/+$/, "");
    this.#identity = identity;
    this.#signal = signal;
  }

  async sign(data: Buffer): Promise<Signature> {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { token, subject } = this.#identity;
    const body = JSON.stringify({
      credentials: { oidcIdentityToken: token },
      publicKeyRequest: {
        publicKey: { algorithm: "ECDSA", content: publicKey.export({ format: "pem", type: "spki" }) },
        proofOfPossession: sign("sha256", Buffer.from(subject), privateKey).toString("base64"),
      },
    });
    const url = new URL(`${this.#service}/api/v2/signingCert`);
    const request = { service: "Fulcio", url, headers: { "content-type": "application/json" }, body };
    const { certificates } = (await requestJson(request, answer, this.#signal)).chain;
    const key = { $case: "x509Certificate" as const, certificate: certificates[0] ?? "" };
    return { signature: sign("sha256", data, privateKey), key };
  }
}
