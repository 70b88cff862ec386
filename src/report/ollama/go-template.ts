/**
 * The subset of Go's text/template language in `templateFamilies`: fields, variables, `range` over messages, `if`, `eq`,
 * `and`, `or`, `not`, and trim markers. `chooseTemplate` uses it to compare a template with the model's own.
 */

type Value = string | boolean | undefined | readonly Value[] | { readonly [field: string]: Value };

type Node =
  | { kind: "text"; text: string }
  | { kind: "print"; expression: string }
  | { kind: "assign"; name: string; expression: string }
  | { kind: "range"; expression: string; body: Node[] }
  | { kind: "if"; branches: { condition: string; body: Node[] }[] };

interface Scope {
  dot: Value;
  root: Value;
  variables: Map<string, Value>;
}

/** Renders a template. Throws a SyntaxError for unsupported syntax. */
export function renderGoTemplate(template: string, data: { readonly [field: string]: Value }): string {
  const tokens = tokenize(template);
  const { nodes, rest } = parseNodes(tokens, 0);
  if (rest !== tokens.length) throw new SyntaxError("{{ end }} without a matching action");
  return render(nodes, { dot: data, root: data, variables: new Map() });
}

type Token = { kind: "text" | "action"; text: string };

function tokenize(template: string): Token[] {
  const tokens: Token[] = [];
  let trim = false;
  for (let at = 0; ; ) {
    const open = template.indexOf("{{", at);
    let text = template.slice(at, open < 0 ? undefined : open);
    if (trim) text = text.trimStart();
    if (open < 0) return [...tokens, { kind: "text", text }];
    const close = template.indexOf("}}", open);
    if (close < 0) throw new SyntaxError("{{ without }}");
    let action = template.slice(open + 2, close);
    if (/^-\s/.test(action)) {
      text = text.trimEnd();
      action = action.slice(1);
    }
    trim = /\s-$/.test(action);
    tokens.push({ kind: "text", text }, { kind: "action", text: (trim ? action.slice(0, -1) : action).trim() });
    at = close + 2;
  }
}

/** Parses nodes up to the enclosing block's `else` or `end`; `rest` is the index of that token. */
function parseNodes(tokens: readonly Token[], from: number): { nodes: Node[]; rest: number } {
  const nodes: Node[] = [];
  let at = from;
  for (let token = tokens[at]; token !== undefined; token = tokens[at]) {
    const { kind, text } = token;
    if (kind === "text") {
      nodes.push({ kind, text });
      at++;
    } else if (/^(else|end)\b/.test(text)) break;
    else if (text.startsWith("range ")) {
      const { nodes: body, rest } = parseNodes(tokens, at + 1);
      if (tokens[rest]?.text !== "end") throw new SyntaxError("range without end");
      nodes.push({ kind: "range", expression: text.slice(6), body });
      at = rest + 1;
    } else if (text.startsWith("if ")) {
      const { node, rest } = parseIf(tokens, at);
      nodes.push(node);
      at = rest;
    } else {
      const assignment = /^(\$\w+)\s*:?=\s*(.+)$/.exec(text);
      const [, name = "", expression = ""] = assignment ?? [];
      nodes.push(assignment === null ? { kind: "print", expression: text } : { kind: "assign", name, expression });
      at++;
    }
  }
  return { nodes, rest: at };
}

function parseIf(tokens: readonly Token[], from: number): { node: Node; rest: number } {
  const branches: { condition: string; body: Node[] }[] = [];
  let at = from;
  for (let text = tokens[at]?.text; text !== "end"; text = tokens[at]?.text) {
    if (text === undefined) throw new SyntaxError("if without end");
    const condition = text === "else" ? "true" : text.replace(/^(else )?if /, "");
    const { nodes: body, rest } = parseNodes(tokens, at + 1);
    branches.push({ condition, body });
    at = rest;
  }
  return { node: { kind: "if", branches }, rest: at + 1 };
}

function render(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => renderNode(node, scope)).join("");
}

function renderNode(node: Node, scope: Scope): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "print": {
      const value = evaluate(node.expression, scope);
      if (typeof value === "object") throw new SyntaxError(`${node.expression} is not a text`);
      return value === undefined ? "" : String(value);
    }
    case "assign":
      scope.variables.set(node.name, evaluate(node.expression, scope));
      return "";
    case "range": {
      const list = evaluate(node.expression, scope);
      if (!Array.isArray(list)) return "";
      return list.map((dot: Value) => render(node.body, { ...scope, dot })).join("");
    }
    case "if": {
      const branch = node.branches.find(({ condition }) => isTrue(evaluate(condition, scope)));
      return branch === undefined ? "" : render(branch.body, scope);
    }
  }
}

function isTrue(value: Value): boolean {
  return value !== undefined && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0);
}

function evaluate(expression: string, scope: Scope): Value {
  const words = expression.match(/"(?:[^"\\]|\\.)*"|[()]|[^\s()]+/g) ?? [];
  let at = 0;
  const value = call();
  if (at !== words.length) throw new SyntaxError(`cannot parse ${expression}`);
  return value;

  function call(): Value {
    const name = words[at];
    if (name === undefined || !/^(eq|and|or|not)$/.test(name)) return operand();
    at++;
    const operands: Value[] = [];
    while (at < words.length && words[at] !== ")") operands.push(operand());
    if (name === "eq") return operands[0] === operands[1];
    if (name === "not") return !isTrue(operands[0]);
    const decides = operands.find((item) => isTrue(item) === (name === "or"));
    return decides ?? operands.at(-1);
  }

  function operand(): Value {
    const word = words[at++];
    if (word === undefined) throw new SyntaxError(`cannot parse ${expression}`);
    if (word === "(") {
      const inner = call();
      if (words[at++] !== ")") throw new SyntaxError(`( without ) in ${expression}`);
      return inner;
    }
    if (word.startsWith('"')) return JSON.parse(word) as string;
    if (word === "true" || word === "false") return word === "true";
    const [, start = "", fields = ""] = /^(\$\w*|)((?:\.\w+)*\.?)$/.exec(word) ?? [];
    if (start === "" && fields === "") throw new SyntaxError(`unknown word ${word}`);
    const from = start === "" ? scope.dot : start === "$" ? scope.root : scope.variables.get(start);
    return fields
      .split(".")
      .filter((field) => field !== "")
      .reduce<Value>((value, field) => fieldOf(value, field), from);
  }
}

function fieldOf(value: Value, field: string): Value {
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  return (value as { readonly [field: string]: Value })[field];
}
