/**
 * Pairs of sentences from equal in meaning to unrelated. The order of their similarities is what searches depend on, so
 * a variant of an embedding model must keep it.
 */
export const sentencePairs: readonly (readonly [string, string])[] = [
  ["The train to Lisbon leaves at nine.", "At nine o'clock the train departs for Lisbon."],
  ["She repaired the old bicycle herself.", "The old bike was fixed by her."],
  ["Water boils at one hundred degrees.", "At 100 °C water starts to boil."],
  ["The library is closed on Mondays.", "You cannot borrow books on a Monday."],
  ["He plays the violin in an orchestra.", "He is a musician."],
  ["Fresh bread smells wonderful.", "The bakery opens early in the morning."],
  ["The committee rejected the proposal.", "The committee accepted the proposal."],
  ["Cats sleep most of the day.", "Dogs need a walk twice a day."],
  ["The river flooded the valley last spring.", "Heavy rain is expected this weekend."],
  ["Our server stores the logs for a week.", "The database is backed up every night."],
  ["A loop repeats its body.", "Recursion calls the same function again."],
  ["The child drew a yellow house.", "The architect planned a tall building."],
  ["Solar panels produce electricity.", "The lamp needs a new bulb."],
  ["The patient has a fever.", "The doctor studied in Vienna."],
  ["Gold is heavier than silver.", "The bank raised its interest rates."],
  ["The ship crossed the ocean in ten days.", "A spider has eight legs."],
  ["Please sign the contract on page four.", "The mountain is covered with snow."],
  ["Photosynthesis takes place in leaves.", "The referee ended the match."],
  ["My keys are on the kitchen table.", "Prime numbers have two divisors."],
  ["The novel won a prize.", "Sodium reacts with water."],
];
