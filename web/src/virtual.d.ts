/** onnxruntime's WebAssembly with only the functions that the shipped models call (web/slim.ts): its address, and bytes unpacked. */
declare module 'virtual:slim-runtime' {
  export const address: string
  export const bytes: number
}

/** The address of the first model without its weights, gzipped (web/skeleton.ts). */
declare module 'virtual:skeleton' {
  const address: string
  export default address
}
