/** Saves bytes as a file of the given name, where the browser keeps its downloads. */
export function download(bytes: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(bytes)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000) // ms: some browsers begin to read only after the click
}
