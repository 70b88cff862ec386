/** The messages of a conversation, in order, as chat templates require them. */
export type Conversation = readonly { role: string; content: string }[];

/** A conversation of a text, and how errors name it: its text is not shown, since a model's template could choose which one. */
export interface PlacedConversation {
  messages: Conversation;
  /** As `line 3 of chat.jsonl`. */
  place: string;
}

/** Reads `messages`; undefined for anything but a non-empty list of role and content. */
export function readConversation(value: unknown): Conversation | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const messages: { role: string; content: string }[] = [];
  for (const item of value as unknown[]) {
    if (typeof item !== "object" || item === null) return undefined;
    const { role, content } = item as { role?: unknown; content?: unknown };
    if (typeof role !== "string" || typeof content !== "string") return undefined;
    messages.push({ role, content });
  }
  return messages;
}
