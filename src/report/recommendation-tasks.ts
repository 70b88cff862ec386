/** A use of a model: the context of the fit, and an example for the run snippets. */
export interface Task {
  /** Tokens of input and output. */
  context: number;
  system: string;
  prompt: string;
}

/** Defaults of `recommend --task`, by typical input size; `--context` overrides the context. */
export const tasks = {
  chat: {
    context: 4096,
    system: "You are a helpful assistant. Answer briefly.",
    prompt: "What can I cook from rice, eggs and spinach?",
  },
  summarize: {
    context: 8192,
    system: "Summarize the user's text in three sentences.",
    prompt: "The meeting began with last quarter's figures. Sales rose in the north and fell in the south.",
  },
  code: {
    context: 8192,
    system: "You are a careful programmer. Answer with code and one sentence about it.",
    prompt: "Write a function that checks whether a year is a leap year.",
  },
  extract: {
    context: 4096,
    system: 'Answer with JSON only: {"name": string, "date": string, "amount": number}.',
    prompt: "Invoice of 3 March 2025 to Ada Lovelace: 120 euros.",
  },
  translate: {
    context: 4096,
    system: "Translate the user's text into French. Answer with the translation only.",
    prompt: "The library opens at nine o'clock.",
  },
} as const satisfies Record<string, Task>;

export type TaskName = keyof typeof tasks;
export const taskNames = Object.keys(tasks) as TaskName[];
