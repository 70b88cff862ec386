import * as z from "zod";
import { QuantsmithError } from "../../util/errors.js";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject, TemporaryFailure } from "../hub-error.js";
import { repoId } from "../hub-ref.js";
import { retry } from "../retry-policy.js";
import { callApi } from "./call-api.js";

export type Gating = "auto" | "manual" | false;

/** Settings of a model repository on the Hub. */
export interface RepoState {
  private: boolean;
  gated: Gating;
}

const info = z.object({
  id: z.string(),
  private: z.boolean(),
  gated: z.union([z.literal(false), z.enum(["auto", "manual"])]).default(false),
});

/**
 * Returns the state of a repository; undefined if it does not exist or the token has no access to it.
 * Errors: QS-HUB-*, QS-PUBLISH-TARGET.
 */
export async function findRepo(
  connection: HubConnection,
  repo: string,
  signal: AbortSignal,
): Promise<RepoState | undefined> {
  const subject: Subject = { doing: `looking up ${repo}`, repo, writes: true };
  try {
    const { json } = await callApi(connection, { method: "GET", path: `/api/models/${repo}`, subject }, signal);
    const { data } = info.safeParse(json);
    if (data === undefined) throw invalidResponse(subject, "the response does not describe the repository");
    if (data.id === repo) return { private: data.private, gated: data.gated };
    const id = connection.quote(data.id);
    throw new QuantsmithError("QS-PUBLISH-TARGET", `the Hub redirects ${repo} to ${id}`, {
      remedy: repoId.test(id) ? `Publish to \`hf:${id}\`.` : `Check the repository at ${connection.endpoint}/${repo}.`,
    });
  } catch (error) {
    if (error instanceof QuantsmithError && error.code === "QS-HUB-MISSING") return undefined;
    throw error;
  }
}

/**
 * Creates a model repository of a user or an organization, if it does not exist; by default with the visibility that an
 * organization has set for new ones, else public. Errors: QS-HUB-*.
 */
export async function createRepo(
  connection: HubConnection,
  repo: string,
  isPrivate: boolean | undefined,
  signal: AbortSignal,
): Promise<void> {
  const [organization, name] = repo.split("/");
  const subject: Subject = { doing: `creating ${repo}`, repo, writes: true };
  const visibility = isPrivate === undefined ? {} : { visibility: isPrivate ? "private" : "public" };
  const body = { type: "model", name, organization, ...visibility };
  await callApi(connection, { method: "POST", path: "/api/repos/create", body, accept: [409], subject }, signal);
}

/**
 * Sets whether readers must request access, and reads the setting back: files behind an open one cannot be taken back.
 * Errors: QS-HUB-*.
 */
export async function setGating(
  connection: HubConnection,
  repo: string,
  gated: Gating,
  signal: AbortSignal,
): Promise<void> {
  const subject: Subject = { doing: `changing the settings of ${repo}`, repo, writes: true };
  const call = { method: "PUT" as const, path: `/api/models/${repo}/settings`, body: { gated }, subject };
  await callApi(connection, call, signal);
  await retry(connection.limits, signal, async () => {
    if ((await findRepo(connection, repo, signal))?.gated === gated) return;
    throw new TemporaryFailure(invalidResponse(subject, "the Hub confirmed the change, but did not make it"));
  });
}
