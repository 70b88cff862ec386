/** Callbacks of the upload of one file. */
export interface SendHooks {
  signal: AbortSignal;
  /** Called with the bytes of the file in storage; decreases when a part is sent again. */
  onBytes: (bytes: number) => void;
}
