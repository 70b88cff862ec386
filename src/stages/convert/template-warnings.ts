import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isObject } from "../../checkpoint/parse-python-json.js";
import { readObject, readText } from "../../converter/vocabulary/tokenizer-files.js";
import type { Json } from "../../util/canonical-json.js";
import { quoteList } from "../../util/quote.js";
import type { Warning } from "../../util/warnings.js";

/** Warns of chat templates that applications will not use, or not the expected one. */
export async function templateWarnings(snapshot: string): Promise<Warning[]> {
  const config = await readObject(snapshot, "tokenizer_config.json").catch(() => undefined);
  const configured = config?.chat_template;
  const file = (await readText(snapshot, "chat_template.jinja").catch(() => undefined))?.replace(/\r\n?/g, "\n");
  const additional = (await readdir(join(snapshot, "additional_chat_templates")).catch(() => [])).filter((name) =>
    name.endsWith(".jinja"),
  );
  return [
    ...(file !== undefined && hasTemplate(configured) && mainTemplate(configured) !== file ? [different] : []),
    ...(file === undefined ? unread(additional) : []),
    ...(file === undefined ? withoutDefault(configured) : []),
  ];
}

const different: Warning = {
  code: "QW-TEMPLATE-DIFFERS",
  message:
    "chat_template.jinja and tokenizer_config.json contain different chat templates; the release has that of chat_template.jinja, as transformers does",
  remedy: "Remove one of them from the model's folder, or compare both with the model's original repository.",
};

function unread(names: readonly string[]): Warning[] {
  if (names.length === 0) return [];
  const message = `the release lacks the named chat templates ${quoteList(names, "and")}: llama.cpp's converter reads them only beside a chat_template.jinja`;
  const remedy = "Add the model's main template as chat_template.jinja.";
  return [{ code: "QW-TEMPLATE-UNREAD", message, remedy }];
}

function withoutDefault(configured: Json | undefined): Warning[] {
  if (!Array.isArray(configured) || configured.length === 0 || mainTemplate(configured) !== undefined) return [];
  const names = configured.flatMap((item) => (isObject(item) && typeof item.name === "string" ? [item.name] : []));
  return [
    {
      code: "QW-TEMPLATE-NO-DEFAULT",
      message: `tokenizer_config.json contains the named chat templates ${quoteList(names, "and")} and none named "default": applications will find no chat template`,
      remedy: "Name the model's main template `default`.",
    },
  ];
}

function hasTemplate(configured: Json | undefined): boolean {
  return (typeof configured === "string" && configured !== "") || (Array.isArray(configured) && configured.length > 0);
}

/** Returns the template that a chat without further choice uses; undefined without one. */
function mainTemplate(configured: Json | undefined): string | undefined {
  if (typeof configured === "string") return configured;
  const named = Array.isArray(configured) ? configured.filter(isObject) : [];
  const main = named.find(({ name }) => name === "default")?.template;
  return typeof main === "string" ? main : undefined;
}
