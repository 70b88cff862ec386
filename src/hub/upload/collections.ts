import * as z from "zod";
import type { HubConnection } from "../connection.js";
import { invalidResponse, type Subject } from "../hub-error.js";
import { callApi } from "./call-api.js";

const collection = z.object({ items: z.array(z.object({ type: z.string(), id: z.string() })) });

/** Returns true if a collection contains a model. Errors: QS-HUB-MISSING if the collection does not exist, QS-HUB-*. */
export async function isInCollection(
  connection: HubConnection,
  slug: string,
  repo: string,
  signal: AbortSignal,
): Promise<boolean> {
  const subject: Subject = { doing: "reading the collection", repo: `collections/${slug}` };
  const { json } = await callApi(connection, { method: "GET", path: collectionPath(slug), subject }, signal);
  const { data } = collection.safeParse(json);
  if (data === undefined) throw invalidResponse(subject, "the response does not contain a list of items");
  return data.items.some(({ type, id }) => type === "model" && id === repo);
}

/** Adds a model to a collection that may already contain it. Errors: QS-HUB-*. */
export async function addToCollection(
  connection: HubConnection,
  slug: string,
  repo: string,
  signal: AbortSignal,
): Promise<void> {
  const subject: Subject = { doing: `adding ${repo} to the collection`, repo: `collections/${slug}`, writes: true };
  const body = { item: { type: "model", id: repo } };
  const path = `${collectionPath(slug)}/items`;
  await callApi(connection, { method: "POST", path, body, accept: [409], subject }, signal);
}

function collectionPath(slug: string): string {
  return `/api/collections/${slug.split("/").map(encodeURIComponent).join("/")}`;
}
