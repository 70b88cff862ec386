import { Document, isScalar, type Scalar, visit } from "yaml";
import { escapedControls, hasControls } from "./printable.js";

/**
 * Renders data as YAML. Text with control or text direction characters is quoted and has them as escapes, and words that
 * YAML 1.1 reads as booleans, such as `yes`, are quoted, since readers of both versions exist.
 */
export function renderYaml(data: unknown): string {
  return render(data, "any");
}

/** Renders data as YAML on one line, with the same care. */
export function renderInlineYaml(data: unknown): string {
  return render(data, "flow").trimEnd();
}

function render(data: unknown, collectionStyle: "any" | "flow"): string {
  const document = new Document(data, { compat: "yaml-1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (isText(node) && hasControls(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  // Quoted text in double quotes has no line breaks of its own: the remaining ones are between values.
  return escapedControls(document.toString({ lineWidth: 0, collectionStyle }));
}

function isText(node: Scalar): node is Scalar<string> {
  return isScalar(node) && typeof node.value === "string";
}
