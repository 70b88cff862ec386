/** A possible type of an item, with its size and damage. */
export interface KnapsackChoice {
  type: string;
  bytes: number;
  damage: number;
}
