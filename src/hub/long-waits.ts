/** Waits in milliseconds from which a command would seem to hang. */
const longMs = 5000;
/** Differences of the ends of one wait that several requests share. */
const sameMs = 1000;

type Receiver = (reason: string, seconds: number) => void;

let receive: Receiver = () => undefined;
let knownUntil = 0;

/** Sets what is called once for each long wait that the Hub asks for; one receiver for the process. */
export function onLongWait(receiver: Receiver): void {
  receive = receiver;
  knownUntil = 0;
}

/** Reports a wait that begins now, unless it is short or that of another request. */
export function reportWait(reason: string, milliseconds: number): void {
  const until = performance.now() + milliseconds;
  if (milliseconds < longMs || until < knownUntil + sameMs) return;
  knownUntil = until;
  receive(reason, Math.round(milliseconds / 1000));
}
