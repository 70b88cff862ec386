import { type AnswerCheck, checkAnswer } from "./check-answer.js";
import type { Expectation } from "./expectation.js";

/** An expectation that the base does not meet, with the reason; `answer` if it gives none. */
export interface Unmet {
  expectation: keyof Expectation | "answer";
  reason: string;
}

/** Checks that apply to every answer unless they are switched off. */
const defaults = { notRepeating: true, validUtf8: true } as const;
const none = { notRepeating: false, validUtf8: false } as const;

/** Returns the expectations that an answer of the base does not meet, each checked alone. */
export function findUnmet(check: Omit<AnswerCheck, "base">): Unmet[] {
  const alone = (expect: Expectation, schemaFault: string | null = null) =>
    checkAnswer({ ...check, expect: { ...none, ...expect }, schemaFault, base: check.text });
  const [nothing] = alone({});
  if (nothing !== undefined) return [{ expectation: "answer", reason: nothing }];
  const asked = { ...defaults, ...check.expect };
  return (Object.keys(asked) as (keyof Expectation)[]).flatMap((expectation) => {
    const reasons = alone(
      { [expectation]: asked[expectation] },
      expectation === "jsonSchema" ? check.schemaFault : null,
    );
    return reasons.map((reason) => ({ expectation, reason }));
  });
}

/** Returns the check of a variant's answer without the expectations that the base does not meet. */
export function withoutUnmet(check: AnswerCheck, unmet: readonly Unmet[]): AnswerCheck {
  const has = (key: Unmet["expectation"]) => unmet.some(({ expectation }) => expectation === key);
  const met = Object.entries(check.expect).filter(([key]) => !has(key as keyof Expectation));
  return {
    ...check,
    expect: {
      ...Object.fromEntries(met),
      ...(has("notRepeating") ? { notRepeating: false } : {}),
      ...(has("validUtf8") ? { validUtf8: false } : {}),
    },
    schemaFault: has("jsonSchema") ? null : check.schemaFault,
  };
}
