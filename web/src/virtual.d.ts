/** The address of onnxruntime's WebAssembly with only the functions that the shipped models call (web/slim.ts). */
declare module 'virtual:slim-runtime' {
  const address: string
  export default address
}
