import { rowBytes } from "./ggml-types.js";
import type { RowRange } from "./native-task.js";
import { expertImportance, type Importance, type SourceTensor, tensorRows } from "./source-tensor.js";

/** Values per task, 2 MB as F32: large enough to hide the cost of a message, small enough to balance the load. */
const taskValues = 2 ** 19;

/**
 * Yields all rows of a tensor in order, in ranges of about 2 MB. A range never crosses experts, because their weights
 * differ. ggml quantizes row by row, so the ranges do not affect the output.
 */
export function* rowRanges(tensor: SourceTensor, importance: Importance | undefined): Generator<RowRange, void, void> {
  const { columns, rows, experts } = tensorRows(tensor);
  const bytes = rowBytes(tensor.type, columns);
  const most = Math.max(1, Math.floor(taskValues / columns));
  for (let expert = 0; expert < experts; expert++) {
    const weights = expertImportance(importance, columns, expert);
    for (let row = 0; row < rows; row += most) {
      yield {
        path: tensor.path,
        offset: tensor.offset + (expert * rows + row) * bytes,
        type: tensor.type.name,
        columns,
        count: Math.min(most, rows - row),
        stride: 1,
        importance: weights,
        tensor: { name: tensor.name, index: (expert * rows + row) * columns },
      };
    }
  }
}

/**
 * Yields a fixed, evenly spaced sample of about `values` values of one expert, at least one row, in ranges as above.
 * The stride is odd: an even one would hit the same few rows of every attention head.
 */
export function* sampledRows(
  tensor: SourceTensor,
  importance: Importance | undefined,
  expert: number,
  values: number,
): Generator<RowRange, void, void> {
  const { columns, rows } = tensorRows(tensor);
  const bytes = rowBytes(tensor.type, columns);
  const step = Math.max(1, Math.floor((rows * columns) / Math.max(values, columns)));
  const stride = step % 2 === 0 ? step - 1 : step;
  const weights = expertImportance(importance, columns, expert);
  const most = Math.max(1, Math.floor(taskValues / columns));
  for (let row = Math.floor(stride / 2); row < rows; row += most * stride) {
    yield {
      path: tensor.path,
      offset: tensor.offset + (expert * rows + row) * bytes,
      type: tensor.type.name,
      columns,
      count: Math.min(most, Math.ceil((rows - row) / stride)),
      stride,
      importance: weights,
      tensor: { name: tensor.name, index: (expert * rows + row) * columns },
    };
  }
}
