import * as z from "zod";
import type { YamlPath } from "./yaml/diagnostics.js";

/** The parts of a JSON Schema that error messages draw on. */
export interface SchemaNode {
  description?: string;
  properties?: Readonly<Record<string, SchemaNode>>;
  items?: SchemaNode;
  additionalProperties?: SchemaNode | boolean;
  anyOf?: readonly SchemaNode[];
}

/** What a schema allows at one place in the data. */
export interface Hints {
  /** Keys of the mapping that may stand there. */
  keys: readonly string[];
  description: string | undefined;
}

/** The schema as plain data, for `hintsAt`. */
export function schemaTree(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, { target: "draft-7", io: "input" }) as SchemaNode;
}

/** Known keys and the description at a path, over all branches of the unions on the way. */
export function hintsAt(schema: SchemaNode, path: YamlPath): Hints {
  let nodes = branches([schema]);
  for (const step of path) nodes = branches(nodes.flatMap((node) => child(node, step) ?? []));
  return {
    keys: nodes.flatMap((node) => Object.keys(node.properties ?? {})),
    description: nodes.find((node) => node.description !== undefined)?.description,
  };
}

function child(node: SchemaNode, step: string | number): SchemaNode | undefined {
  if (typeof step === "number") return node.items;
  if (node.properties !== undefined && Object.hasOwn(node.properties, step)) return node.properties[step];
  return typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
}

/** A union stands for itself (it carries the description) and for its branches. */
function branches(nodes: readonly SchemaNode[]): SchemaNode[] {
  return nodes.flatMap((node) => [node, ...branches(node.anyOf ?? [])]);
}
