import { expect, test } from "vitest";
import { renderGoTemplate } from "../../../src/report/ollama/go-template.js";

const data = {
  System: "S",
  Empty: "",
  Messages: [
    { Role: "user", Content: "u1" },
    { Role: "assistant", Content: "a1" },
  ],
};

/* Expected texts come from Go's text/template. */
test.each([
  ["plain", "plain"],
  ["a {{ .System }} b", "a S b"],
  ["a {{- .System -}} b", "aSb"],
  ["a\n{{- /* */ .Empty }}\nb".replace("/* */ ", ""), "a\nb"],
  ['{{ if eq .System "S" }}yes{{ else }}no{{ end }}', "yes"],
  ['{{ if eq .System "T" }}yes{{ else if .Empty }}empty{{ else }}no{{ end }}', "no"],
  ["{{ if and .System (not .Empty) }}yes{{ end }}", "yes"],
  ["{{ if or .Empty .System }}yes{{ end }}", "yes"],
  ["{{ range .Messages }}[{{ .Role }}:{{ .Content }}]{{ end }}", "[user:u1][assistant:a1]"],
  ["{{ range .Messages }}{{ $.System }}{{ end }}", "SS"],
  ["{{ range .Empty }}x{{ end }}", ""],
  ["{{ $x := false }}{{ range .Messages }}{{ if $x }},{{ end }}{{ .Role }}{{ $x = true }}{{ end }}", "user,assistant"],
  ['{{ "a\\n" }}{{ .Response }}', "a\n"],
])("%j", (template, expected) => {
  expect(renderGoTemplate(template, data)).toBe(expected);
});

test.each([
  "{{ .System",
  "{{ end }}",
  "{{ if .System }}",
  "{{ range .Messages }}",
  "{{ printf .System }}",
  "{{ .Messages }}",
])("%j is a syntax error", (template) => {
  expect(() => renderGoTemplate(template, data)).toThrow(SyntaxError);
});
