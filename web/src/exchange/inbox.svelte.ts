/** What has been handed to the page and waits for the paper to take it up. */

/** A file, or a text that may be a drawing, or the text of a link. */
export type Parcel = { readonly file: File } | { readonly text: string } | { readonly link: string }

class Inbox {
  waiting: Parcel | null = $state.raw(null)

  put(parcel: Parcel): void {
    this.waiting = parcel
  }

  /** The parcel, which then waits no longer. */
  take(): Parcel | null {
    const parcel = this.waiting
    this.waiting = null
    return parcel
  }
}

export const inbox = new Inbox()
