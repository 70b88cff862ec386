import * as z from "zod";
import { QuantsmithError } from "../../util/errors.js";
import type { HubConnection } from "../connection.js";
import type { Subject } from "../hub-error.js";
import { callApi } from "./call-api.js";

const responseSchema = z.object({ errors: z.array(z.object({ message: z.string() })).default([]) });

/**
 * Validates a model card's front matter with the Hub's API before the upload, since the Hub rejects a commit with an
 * invalid one. Errors: QS-PUBLISH-CARD, QS-HUB-*.
 */
export async function validateCard(
  connection: HubConnection,
  repo: string,
  card: string,
  signal: AbortSignal,
): Promise<void> {
  const subject: Subject = { doing: "checking README.md", repo };
  const body = { repoType: "model", content: card };
  const call = { method: "POST" as const, path: "/api/validate-yaml", body, accept: [400], subject };
  const { status, json } = await callApi(connection, call, signal);
  const errors = responseSchema.safeParse(json).data?.errors ?? [];
  if (status < 400 && errors.length === 0) return;
  const reason = connection.quote(errors.map(({ message }) => message).join("; ")) || "no reason given";
  throw new QuantsmithError("QS-PUBLISH-CARD", `the Hub rejects the front matter of README.md: ${reason}`, {
    remedy: "Correct the base model's card or the recipe, and build the release again.",
  });
}
