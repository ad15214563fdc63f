/** What tests and the curious may ask the page (web/README.md). */
interface Window {
  gribouille: {
    /** The recorded strokes, [[x…], [y…], [t…]] each, as they would travel to the server. */
    strokes: () => (readonly number[])[][]
    /** The probability of every word in the order of the model's labels, for the drawing that the bars answer; null where unknown. */
    probabilities: () => (number | null)[]
  }
}
