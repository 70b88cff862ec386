import { QuantsmithError, type SourceLocation } from "../util/errors.js";

/** Runs `action` for a value of the recipe; adds the location of that value to an error without one. */
export async function inRecipe<T>(at: SourceLocation, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof QuantsmithError) || error.at !== undefined) throw error;
    const { code, message, remedy } = error;
    throw new QuantsmithError(code, message, { remedy, at, cause: error });
  }
}
