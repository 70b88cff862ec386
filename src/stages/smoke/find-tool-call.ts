export interface ToolCall {
  name: string;
  arguments: Readonly<Record<string, unknown>>;
}

/**
 * Parses the tool calls in an answer: JSON objects with `name` and `arguments` (Hermes, Qwen, Mistral) or `parameters`
 * (Llama 3) anywhere in the text, and `<function=name><parameter=key>…` (Qwen Coder).
 */
export function findToolCalls(answer: string): ToolCall[] {
  return [...jsonCalls(answer), ...tagCalls(answer)];
}

function jsonCalls(answer: string): ToolCall[] {
  const calls: ToolCall[] = [];
  for (let start = answer.indexOf("{"); start !== -1; ) {
    const end = objectEnd(answer, start);
    const call = end === undefined ? undefined : asCall(answer.slice(start, end));
    if (call !== undefined) calls.push(call);
    start = answer.indexOf("{", call === undefined || end === undefined ? start + 1 : end);
  }
  return calls;
}

/** Returns the end of the JSON object at `start`, ignoring braces in strings. */
function objectEnd(text: string, start: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const character = text[i];
    if (quoted) {
      if (character === "\\") i += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{") depth += 1;
    else if (character === "}") {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return undefined;
}

function asCall(text: string): ToolCall | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || typeof value.name !== "string") return undefined;
    const given = value.arguments ?? value.parameters;
    // Some models encode the arguments as a JSON string.
    const read: unknown = typeof given === "string" ? JSON.parse(given) : given;
    return isRecord(read) ? { name: value.name, arguments: read } : undefined;
  } catch {
    return undefined;
  }
}

function tagCalls(answer: string): ToolCall[] {
  return [...answer.matchAll(/<function=([^>\s]+)>([\s\S]*?)<\/function>/g)].map(([, name = "", body = ""]) => ({
    name,
    arguments: Object.fromEntries(
      [...body.matchAll(/<parameter=([^>\s]+)>([\s\S]*?)<\/parameter>/g)].map(([, key = "", value = ""]) => [
        key,
        value.trim(),
      ]),
    ),
  }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
