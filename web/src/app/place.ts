/**
 * The path below which this page lies, '' at the root: '/draw' for https://host/draw/. Several pages may share an origin, and what one
 * keeps in the browser (choices, drawings, a consent) is not the other's.
 */
export const PLACE: string = typeof document === 'undefined' ? '' : new URL('.', document.baseURI).pathname.replace(/\/$/, '')
