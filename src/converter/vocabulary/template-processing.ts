import { isObject } from "../../checkpoint/parse-python-json.js";
import type { Json, JsonObject } from "../../util/canonical-json.js";
import { listMember, objectMember, objects } from "./tokenizer-files.js";

const file = "tokenizer.json";

/** Result of gguf-py's SpecialVocab for tokenizer.json's post-processor, the input for resolving special tokens. */
export interface FoundSpecial {
  /** tokenizer_config.json with the tokens that the post-processor overrides; undefined without that file. */
  config: JsonObject | undefined;
  roles: readonly string[];
  /** Whether a role's token is added around a text, in the order of discovery. */
  add: Map<string, boolean>;
}

/** The tokens of four roles: strings in most models, else objects, which never equal a string. */
type Roles = Record<"bos" | "eos" | "sep" | "cls", Json | undefined>;

/**
 * Reproduces SpecialVocab step by step, including its crude parts, for identical results.
 * Throws QS-CONVERT-TOKENIZER for a post-processor with an unexpected structure.
 */
export function addedBySpecialTokens(
  tokenizer: JsonObject | undefined,
  tokenizerConfig: JsonObject | undefined,
  roles: readonly string[],
): FoundSpecial {
  const config = isTrue(tokenizerConfig) ? { ...tokenizerConfig } : undefined;
  const state = new State(config, roles);
  const postProcessor = tokenizer && objectMember(tokenizer, "post_processor", file);
  if (tokenizer !== undefined && isTrue(postProcessor)) {
    const steps = listMember(postProcessor, "processors", file) ?? [postProcessor];
    for (const step of objects(steps, "post_processor.processors", file)) {
      if (step.type === "RobertaProcessing") state.roberta(step);
      else if (step.type === "TemplateProcessing") state.template(step);
    }
  }
  return { config: state.config, roles: state.roles, add: state.add };
}

class State {
  readonly config: Record<string, Json | undefined> | undefined;
  readonly add = new Map<string, boolean>();
  roles: readonly string[];
  readonly #token: Roles;

  constructor(config: Record<string, Json | undefined> | undefined, roles: readonly string[]) {
    this.config = config;
    this.roles = roles;
    this.#token = {
      bos: config?.bos_token,
      eos: config?.eos_token,
      sep: config?.sep_token,
      cls: config?.cls_token,
    };
    if (!isTrue(this.#token.bos) && isTrue(this.#token.cls)) this.#name("bos", this.#token.cls);
    if (!isTrue(this.#token.eos) && isTrue(this.#token.sep)) this.#name("eos", this.#token.sep);
  }

  roberta(step: JsonObject): void {
    for (const role of ["bos", "eos", "sep"]) this.add.set(role, true);
    for (const [role, instead] of [
      ["cls", "bos"],
      ["sep", "eos"],
    ] as const) {
      if (isTrue(this.#token[role]) || this.config === undefined) continue;
      const tokens = listMember(step, role, file);
      this.#name(role, tokens === undefined ? this.#token[instead] : tokens[0]);
    }
  }

  template(step: JsonObject): void {
    const single = objects(listMember(step, "single", file) ?? [], "a template", file);
    const first = single.length > 1 ? special(single[0]) : undefined;
    const last = single.length > 1 ? special(single.at(-1)) : undefined;
    if (first !== undefined) this.#leading(first);
    if (last !== undefined) this.#trailing(last);
    this.#between(objects(listMember(step, "pair", file) ?? [], "a template", file), first, last);
  }

  #leading(first: string): void {
    const token = this.#token;
    if (this.config === undefined) token.bos = first;
    else if (first !== token.bos && first !== token.cls) {
      if (!isTrue(token.bos)) this.#name("bos", first);
      if (!isTrue(token.cls)) this.#name("cls", first);
    }
    this.add.set("bos", first === token.bos || first === token.cls);
  }

  #trailing(last: string): void {
    if (this.config === undefined) this.#token.eos = last;
    else if (last !== this.#token.eos) {
      // The EOS token of tokenizer_config.json becomes EOT, or EOM if EOT is in use.
      const role = ["eot", "eom"].find((each) => !this.roles.includes(each));
      if (role !== undefined) {
        this.roles = [...this.roles, role];
        this.config[`${role}_token`] = this.#token.eos;
      }
      this.#name("eos", last);
    }
    this.add.set("eos", true);
  }

  /** Detects a separator between two texts: `A [sep] [eos] B` between the first and last token. */
  #between(pair: readonly JsonObject[], first: string | undefined, last: string | undefined): void {
    const start = first !== undefined && special(pair[0]) === first ? 1 : 0;
    const stop = last !== undefined && special(pair.at(-1)) === last ? -1 : undefined;
    const inner = pair.slice(start, stop);
    if (sequence(inner[0]) !== "A" || sequence(inner.at(-1)) !== "B") return;
    const middle = inner.slice(1, -1);
    if (middle.length === 0) return;
    const separates = (token: string | undefined) =>
      token !== undefined && (token === this.#token.sep || token === this.#token.eos);
    const add =
      (separates(special(middle[0])) && last === undefined) || (middle.length === 2 && separates(special(middle[1])));
    this.add.set("sep", add);
    if (add && !isTrue(this.#token.sep) && this.config !== undefined) this.config.sep_token = this.#token.eos;
  }

  #name(role: keyof Roles, token: Json | undefined): void {
    this.#token[role] = token;
    if (this.config !== undefined) this.config[`${role}_token`] = token;
  }
}

function special(part: JsonObject | undefined): string | undefined {
  return idOf(part, "SpecialToken");
}

function sequence(part: JsonObject | undefined): string | undefined {
  return idOf(part, "Sequence");
}

function idOf(part: JsonObject | undefined, key: string): string | undefined {
  const named = part?.[key];
  const id = isObject(named) ? named.id : undefined;
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** Python's truth value: null, false, 0 and empty values are false. */
function isTrue<T extends Json | undefined>(value: T): value is Exclude<T, null | undefined> {
  if (isObject(value)) return Object.keys(value).length > 0;
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
