import type { Json, JsonObject } from "../../util/canonical-json.js";
import { quote, quoteList } from "../../util/quote.js";
import { didYouMean, nearest } from "../../util/suggest.js";

export interface GrammarIssue {
  message: string;
  remedy: string;
  /** Keys and indexes from the schema to the fault. */
  path: (string | number)[];
}

/** The keywords that node-llama-cpp supports in a grammar, see its `GbnfJsonSchema`. */
const keywords = [
  ...["type", "const", "enum", "oneOf", "format", "minLength", "maxLength", "properties", "required", "items"],
  ...["additionalProperties", "minProperties", "maxProperties", "prefixItems", "minItems", "maxItems"],
  ...["description", "$ref", "$defs"],
];
const types = ["string", "number", "integer", "boolean", "null", "object", "array"];

/** Returns the first part of a JSON Schema that grammars do not support; undefined if all parts are supported. */
export function findGrammarIssue(schema: JsonObject): GrammarIssue | undefined {
  return issueIn(schema, [], []);
}

/** `outer` are the names of definitions that the schema can use. */
function issueIn(
  schema: JsonObject,
  path: readonly (string | number)[],
  outer: readonly string[],
): GrammarIssue | undefined {
  const { $defs, $ref } = schema;
  const names = [...outer, ...(isObject($defs) ? Object.keys($defs) : [])];
  // A grammar would take an unknown reference for "any value".
  if ($ref !== undefined && !names.some((name) => $ref === `#/$defs/${name}`)) {
    const remedy = "Add a definition to `$defs`, and write `$ref: '#/$defs/<its name>'`.";
    return { message: `the schema has no definition ${quote(String($ref))}`, remedy, path: [...path, "$ref"] };
  }
  for (const [key, value] of Object.entries(schema)) {
    const at = [...path, key];
    if (!keywords.includes(key)) {
      const near = nearest(key, keywords);
      const remedy = near === undefined ? `Use only ${quoteList(keywords, "and")}.` : didYouMean(near);
      return { message: `grammars do not support the schema key ${quote(key)}`, remedy, path: at };
    }
    const unknown = key === "type" ? [value].flat().find((type) => !types.includes(String(type))) : undefined;
    if (unknown !== undefined) {
      const near = nearest(String(unknown), types);
      const remedy = near === undefined ? `Write ${quoteList(types, "or")}.` : didYouMean(near);
      return { message: `${quote(String(unknown))} is not a JSON Schema type`, remedy, path: at };
    }
    for (const [step, inner] of subschemas(key, value)) {
      const fault = isObject(inner) ? issueIn(inner, [...at, ...step], names) : undefined;
      if (fault !== undefined) return fault;
    }
  }
  if (["type", "const", "enum", "oneOf", "$ref"].some((key) => key in schema)) return undefined;
  return { message: "the schema has no type", remedy: "Add `type:`, such as `type: object`.", path: [...path] };
}

/** Returns the schemas below a keyword, each with its path relative to the keyword. */
function subschemas(key: string, value: Json | undefined): [path: (string | number)[], schema: Json | undefined][] {
  if (key === "items" || key === "additionalProperties") return [[[], value]];
  if ((key === "properties" || key === "$defs") && isObject(value)) {
    return Object.entries(value).map(([name, schema]) => [[name], schema]);
  }
  if ((key === "oneOf" || key === "prefixItems") && Array.isArray(value)) {
    return value.map((schema: Json, index) => [[index], schema]);
  }
  return [];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
