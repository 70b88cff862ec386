import type { JsonObject } from "../util/canonical-json.js";

/** Sections of the model card that a recipe can choose, in their default order. */
export const cardSections = ["chart", "files", "devices", "run", "categories", "details", "method", "license"] as const;
export type CardSection = (typeof cardSections)[number];

/** What comes before the sections, and all of them in the layout's order. */
const frame = ["title", "summary", "preface", "warnings", "sections"] as const;

/** Placeholders of a template, such as `{{files}}`. */
export const cardPlaceholders = [...frame, ...cardSections] as const;
export type CardPart = Exclude<(typeof cardPlaceholders)[number], "preface" | "sections">;

/** The publisher's choices for the card. */
export interface CardLayout extends JsonObject {
  /** Markdown of the publisher, inserted as it is. */
  readonly preface?: string;
  readonly sections?: readonly CardSection[];
  /** Markdown of the whole card with placeholders. */
  readonly template?: string;
}

/** Matches what looks like a placeholder, with its name and the line breaks after it. */
export const placeholder = /\{\{\s*([\w-]*)\s*\}\}(\n*)/g;

const defaultTemplate = frame.map((name) => `{{${name}}}`).join("\n\n");

/** Joins the parts of a card as its layout requires. Warnings that a template lacks come first. */
export function layOutCard(layout: CardLayout, own: Readonly<Record<CardPart, string>>): string {
  const { preface = "", sections = cardSections, template = defaultTemplate } = layout;
  const parts = { ...own, preface: preface.trim(), sections: joinBlocks(sections.map((name) => own[name])) };
  const names: string[] = [];
  // One pass, so that a placeholder in the text of a part stays as it is.
  const filled = template.replace(placeholder, (all, name: string, breaks: string) => {
    names.push(name);
    const part = (parts as Partial<Record<string, string>>)[name];
    return part === "" ? "" : part === undefined ? all : `${part}${breaks}`;
  });
  return joinBlocks([...(names.includes("warnings") ? [] : [own.warnings]), filled.trim()]);
}

/** Joins Markdown blocks by empty lines, without empty blocks. */
export function joinBlocks(blocks: readonly string[]): string {
  return blocks.filter((block) => block !== "").join("\n\n");
}
