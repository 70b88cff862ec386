import { QuantsmithError, type SourceLocation } from "../util/errors.js";

/** Runs `action` for a value of the recipe; adds the location of that value to an error without one. */
export async function inRecipe<T>(at: SourceLocation, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof QuantsmithError ? locatedAt(error, at) : error;
  }
}

/** Returns an error with a location; one that has its own keeps it. */
export function locatedAt(error: QuantsmithError, at: SourceLocation): QuantsmithError {
  if (error.at !== undefined) return error;
  const { code, message, remedy } = error;
  return new QuantsmithError(code, message, { remedy, at, cause: error });
}
