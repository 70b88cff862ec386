import { expect, test } from "vitest";
import { parseOutcomes } from "../../src/llamacpp/answer-questions.js";
import type { TaskKind } from "../../src/llamacpp/task-file.js";

test.each<[TaskKind, string]>([
  [
    "hellaswag",
    `
task\tacc_norm\t95%% confidence interval
1\t100.00000000%\t[20.6543%, 100.0000%]
2\t50.00000000%\t[9.4531%, 90.5469%]
3\t66.66666667%\t[20.7655%, 93.8507%]

`,
  ],
  [
    "winogrande",
    `1\t100.0000\t -5.706923   -5.007094  2  2
2\t50.0000\t -6.113220   -5.606946  2  1
3\t66.6667\t -5.427516   -5.115902  2  2

`,
  ],
  [
    "multiple-choice",
    `............done

task\tacc_norm
1\t100.00000000
2\t50.00000000
3\t66.66666667

0.00.095.316 I Final result: 66.6667 +/- 33.3333
`,
  ],
])("each question's outcome follows from the running shares of %s", (kind, stdout) => {
  expect(parseOutcomes(kind, stdout)).toEqual([true, false, true]);
  // A row that is missing ends the outcomes, which are then too few.
  expect(parseOutcomes(kind, stdout.replace(/^2\t.*\n/m, ""))).toEqual([true]);
});
