import type { TemporaryFailure } from "../hub-error.js";

/** A failure that only a new upload of the whole file may resolve, such as an expired address. */
export class RestartUpload extends Error {
  readonly failure: TemporaryFailure;
  constructor(failure: TemporaryFailure) {
    super(failure.message);
    this.failure = failure;
  }
}
