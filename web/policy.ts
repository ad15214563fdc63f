/**
 * The Content-Security-Policy that the built page carries itself, for hosts that send no headers.
 *
 * The same as src/gribouille/server/guard.py sends, but for frame-ancestors, which a page cannot say; tests/test_site.py
 * compares them.
 */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'", // onnxruntime-web compiles its own wasm
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')
