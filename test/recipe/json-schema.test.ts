import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  catalogJsonSchema,
  hardwareCompatibilityJsonSchema,
  pipelineJsonSchema,
  queueJsonSchema,
  recipeJsonSchema,
} from "../../src/recipe/json-schema.js";
import { packageRoot } from "../../src/util/package-root.js";

const written = (name: string) => readFileSync(join(fileURLToPath(packageRoot), "schema", name), "utf8");

interface Node {
  description?: string;
  type?: string;
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node;
  anyOf?: Node[];
}

describe.each([
  ["recipe.schema.json", recipeJsonSchema],
  ["pipeline.schema.json", pipelineJsonSchema],
  ["queue.schema.json", queueJsonSchema],
  ["devices.schema.json", catalogJsonSchema],
])("%s", (name, generate) => {
  test("equals the output of `quantsmith schema --write schema`", () => {
    expect(written(name), "run `npm run schema`").toBe(generate());
  });

  test("is draft 7, rejects unknown keys except in gates, and describes every key", () => {
    const schema: Node & { $schema?: string } = JSON.parse(generate());
    expect(schema.$schema).toBe("http://json-schema.org/draft-07/schema#");
    const silent: string[] = [];
    const visit = (node: Node, path: string) => {
      // Only gates have keys that the recipe chooses: the names of its categories.
      const own = name === "recipe.schema.json" && /^\.gates\.\w+$/.test(path) ? { type: "number" } : false;
      if (node.properties !== undefined) expect(node.additionalProperties, path).toEqual(own);
      for (const [key, child] of Object.entries(node.properties ?? {})) {
        if (child.description === undefined) silent.push(`${path}.${key}`);
        visit(child, `${path}.${key}`);
      }
      for (const child of [node.items, ...(node.anyOf ?? [])]) if (child !== undefined) visit(child, `${path}[]`);
    };
    visit(schema, "");
    expect(silent).toEqual([]);
  });
});

test("hardware-compatibility.schema.json equals the output of `quantsmith schema`, and rejects unknown keys", () => {
  const text = hardwareCompatibilityJsonSchema();
  expect(written("hardware-compatibility.schema.json"), "run `npm run schema`").toBe(text);
  const objects = [...text.matchAll(/"type": "object",\s+"properties"/g)].length;
  expect([...text.matchAll(/"additionalProperties": false/g)]).toHaveLength(objects);
});

test("editors can complete presets and tensor types", () => {
  expect(recipeJsonSchema()).toContain('"IQ4_XS"');
  expect(recipeJsonSchema()).toContain('"Q6_K"');
});
