/** The words with their English articles. */
export const words: Record<string, readonly [string, string]> = {}
