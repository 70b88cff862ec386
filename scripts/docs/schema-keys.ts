import { splitDefault } from "./markdown.js";
import { branches, type SchemaNode } from "./schema-node.js";
import { typeName } from "./type-name.js";

/** One row of a table of keys. */
export interface KeyRow {
  key: string;
  type: string;
  /** `required`, the default as text, or empty. */
  fallback: string;
  text: string;
  example: unknown;
  /** The section that lists the keys of the value, when it is a mapping or a list of mappings. */
  section: string | undefined;
}

/** The keys of one mapping. Its path is empty for the file itself; `[]` is an entry of a list, `KEY` any key. */
export interface KeySection {
  path: string;
  about: string;
  rows: KeyRow[];
}

/**
 * Every mapping of a schema with its keys, in the schema's order. `examples` are documents that together set every key.
 * @throws {Error} when the examples lack a key
 */
export function describeKeys(schema: SchemaNode, examples: readonly unknown[]): KeySection[] {
  return visit(schema, "", examples);
}

function visit(node: SchemaNode, path: string, examples: readonly unknown[]): KeySection[] {
  const mappings = branches(node).filter(({ properties }) => properties !== undefined);
  return mappings.flatMap((mapping) => {
    const entries = Object.entries(mapping.properties ?? {});
    const rows = entries.map(([key, child]) => row(mapping, path, key, child, examples));
    const section = { path, about: splitDefault(node.description ?? "").text, rows };
    const [first] = entries;
    if (first === undefined || !alike(entries)) {
      const below = entries.flatMap(([key, child]) => inside(child, join(path, key), valuesAt(examples, key)));
      return [section, ...below];
    }
    const { description, ...shape } = first[1];
    const any = join(path, "KEY");
    const shared = inside(
      shape,
      any,
      entries.flatMap(([key]) => valuesAt(examples, key)),
    );
    return [{ ...section, rows: rows.map((entry) => ({ ...entry, section: any })) }, ...shared];
  });
}

/** Sections of a key's value: of a mapping, or of the entries of a list. */
function inside(node: SchemaNode, path: string, examples: readonly unknown[]): KeySection[] {
  const items = branches(node).flatMap(({ items }) => (items === undefined ? [] : [items]));
  return [
    ...visit(node, path, examples),
    ...items.flatMap((item) =>
      visit(
        item,
        `${path}[]`,
        examples.flatMap((value) => (Array.isArray(value) ? value : [])),
      ),
    ),
  ];
}

function row(parent: SchemaNode, path: string, key: string, node: SchemaNode, examples: readonly unknown[]): KeyRow {
  const { text, fallback } = splitDefault(node.description ?? "");
  const values = valuesAt(examples, key);
  if (values.length === 0) throw new Error(`the example files lack ${join(path, key)}`);
  return {
    key,
    type: typeName(node),
    fallback: parent.required?.includes(key) === true ? "required" : fallback,
    text,
    example: values[0],
    section: sectionOf(node, join(path, key)),
  };
}

/** True for keys such as the figures of `gates`, whose values all have the same keys. */
function alike(entries: readonly (readonly [string, SchemaNode])[]): boolean {
  const shapes = new Set(entries.map(([, { description, ...shape }]) => JSON.stringify(shape)));
  return entries.length > 1 && shapes.size === 1 && entries.every(([key, node]) => sectionOf(node, key) !== undefined);
}

function sectionOf(node: SchemaNode, path: string): string | undefined {
  const isMapping = (branch: SchemaNode) => branch.properties !== undefined;
  if (branches(node).some(isMapping)) return path;
  const items = branches(node).flatMap(({ items }) => (items === undefined ? [] : branches(items)));
  return items.some(isMapping) ? `${path}[]` : undefined;
}

function valuesAt(examples: readonly unknown[], key: string): unknown[] {
  return examples.flatMap((value) =>
    typeof value === "object" && value !== null && Object.hasOwn(value, key)
      ? [(value as Record<string, unknown>)[key]]
      : [],
  );
}

const join = (path: string, key: string) => (path === "" ? key : `${path}.${key}`);
