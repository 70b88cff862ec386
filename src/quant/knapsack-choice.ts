/** One type an item can get. */
export interface KnapsackChoice {
  type: string;
  bytes: number;
  damage: number;
}
