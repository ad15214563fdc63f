/**
 * Keeps one question under way and only the newest waiting: the latest drawing wins.
 *
 * In comes a function that answers a question in its own time; out goes one that answers null where a newer question
 * took the place of one that was still waiting.
 */
export function latest<Question, Answer>(
  ask: (question: Question) => Promise<Answer>,
): (question: Question) => Promise<Answer | null> {
  let busy = false
  let waiting: { question: Question; settle: (answer: Promise<Answer> | null) => void } | null = null

  async function run(question: Question): Promise<Answer> {
    busy = true
    try {
      return await ask(question)
    } finally {
      busy = false
      const next = waiting
      waiting = null
      next?.settle(run(next.question))
    }
  }

  return (question) => {
    if (!busy) return run(question)
    waiting?.settle(null)
    return new Promise((settle) => (waiting = { question, settle }))
  }
}
