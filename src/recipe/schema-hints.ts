import * as z from "zod";
import type { YamlPath } from "./yaml/diagnostics.js";

/** The parts of a JSON Schema that error messages use. */
export interface SchemaNode {
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  required?: readonly string[];
  description?: string;
  properties?: Readonly<Record<string, SchemaNode>>;
  items?: SchemaNode;
  additionalProperties?: SchemaNode | boolean;
  anyOf?: readonly SchemaNode[];
}

/** Keys and description that a schema defines at one path. */
export interface Hints {
  /** Allowed keys of the mapping. */
  keys: readonly string[];
  description: string | undefined;
  /** The schemas of the value; those of a union's branches follow the union. */
  nodes: readonly SchemaNode[];
}

/** Returns a schema as plain data, for `hintsAt`. */
export function schemaTree(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, { target: "draft-7", io: "input" }) as SchemaNode;
}

/** Returns the keys and the description at a path, over all branches of unions on the path. */
export function hintsAt(schema: SchemaNode, path: YamlPath): Hints {
  let nodes = branches([schema]);
  for (const step of path) nodes = branches(nodes.flatMap((node) => child(node, step) ?? []));
  return {
    keys: nodes.flatMap((node) => Object.keys(node.properties ?? {})),
    description: nodes.find((node) => node.description !== undefined)?.description,
    nodes,
  };
}

function child(node: SchemaNode, step: string | number): SchemaNode | undefined {
  if (typeof step === "number") return node.items;
  if (node.properties !== undefined && Object.hasOwn(node.properties, step)) return node.properties[step];
  return typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
}

/** Expands unions into themselves, since they have the description, and their branches. */
function branches(nodes: readonly SchemaNode[]): SchemaNode[] {
  return nodes.flatMap((node) => [node, ...branches(node.anyOf ?? [])]);
}
