import * as z from "zod";
import { QuantsmithError } from "../../util/errors.js";
import type { HubConnection } from "../connection.js";
import type { Subject } from "../hub-error.js";
import { callApi } from "./call-api.js";

const responseSchema = z.object({ errors: z.array(z.object({ message: z.string() })).default([]) });

/**
 * Asks the Hub whether it accepts a model card's front matter: a commit with one that it does not accept is refused, and
 * that would be after the upload. Errors: QS-PUBLISH-CARD, QS-HUB-*.
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
  const said = connection.quote(errors.map(({ message }) => message).join("; ")) || "it gives no reason";
  throw new QuantsmithError("QS-PUBLISH-CARD", `the Hub does not accept the front matter of README.md: ${said}`, {
    remedy: "Correct what it is made from, the base model's card or the recipe, and make the release again.",
  });
}
