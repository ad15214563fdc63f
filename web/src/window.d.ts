/** What tests and the curious may ask the page (web/README.md). */
interface Window {
  gribouille: {
    /** The recorded strokes, [[x…], [y…], [t…]] each, as they would travel to the server. */
    strokes: () => (readonly number[])[][]
  }
}
