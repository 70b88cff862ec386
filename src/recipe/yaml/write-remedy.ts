import { describeType } from "../../util/message-text.js";
import { quoteList } from "../../util/quote.js";
import type { SchemaNode } from "../schema-hints.js";

/** A mapping with more keys is described without them. */
const maxListedKeys = 4;

/** Returns the remedy for a value that the schemas at its path reject: "Write an integer from 1 to 9, such as `4`." */
export function writeRemedy(nodes: readonly SchemaNode[]): string {
  const typed = nodes.filter(({ type }) => type !== undefined);
  const about = nodes.find(({ description }) => description !== undefined)?.description;
  if (typed.length === 0) return about ?? "Correct the value.";
  const forms = [...new Set(typed.map(describeNode))].join(" or ");
  const described = typed.map((node) => (about === undefined ? node : { description: about, ...node }));
  const example = described.map(exampleOf).find((text) => text !== undefined);
  if (example !== undefined) return `Write ${forms}, such as \`${example}\`.`;
  const isComplete = typed.every(({ type, minimum }) => type === "boolean" || minimum !== undefined);
  return about === undefined || isComplete ? `Write ${forms}.` : `Write ${forms}. ${about}`;
}

function describeNode(node: SchemaNode): string {
  const { type = "", minimum, maximum, minItems = 0, properties = {} } = node;
  const name = describeType(type);
  switch (type) {
    case "integer":
    case "number":
      if (minimum === undefined) return maximum === undefined ? name : `${name} up to ${maximum}`;
      return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
        ? `${name} from ${minimum}`
        : `${name} from ${minimum} to ${maximum}`;
    case "array":
      return minItems > 1 ? `${name} of at least ${minItems} entries` : name;
    case "object": {
      const keys = Object.keys(properties);
      if (keys.length === 0 || keys.length > maxListedKeys || exampleOf(node) !== undefined) return "a mapping";
      return `a mapping with ${quoteList(keys, "or")}`;
    }
    default:
      return name;
  }
}

/** Returns a valid value as YAML, from enumerations, defaults and descriptions; undefined if they name none. */
function exampleOf(node: SchemaNode): string | undefined {
  const { type, description = "", properties = {}, required = [], items } = node;
  if (node.const !== undefined) return String(node.const);
  if (node.enum !== undefined) return String(node.enum[0]);
  switch (type) {
    case "integer":
    case "number":
      return /\(default (\d[\d.]*)\)/.exec(description)?.[1];
    case "string":
      return /(?:^|: |such as |default )`([^`]+)`/.exec(description)?.[1];
    case "array": {
      const item = items === undefined ? undefined : exampleOf(items);
      return item === undefined ? undefined : `[${item}]`;
    }
    case "object": {
      const entries = Object.entries(properties).map(([key, child]) => [key, exampleOf(child)] as const);
      const shown = entries.filter(([key, value]) => value !== undefined && required.includes(key));
      if (shown.length === 0 || shown.length < required.length) return undefined;
      return `{ ${shown.map(([key, value]) => `${key}: ${value}`).join(", ")} }`;
    }
    default:
      return undefined;
  }
}
