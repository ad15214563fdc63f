/**
 * A Vite plugin: what the built index.html says beside what stands in it: its policy, and what to fetch before the scripts ask
 * for it: the runtime first, the largest, on the connection that is open already. Not in `npm run dev`, whose own scripts the policy would forbid.
 */
import type { Plugin } from 'vite'
import { POLICY } from './policy.ts'

const RUNTIME = /^assets\/slim-[^/]+\.wasm$/
const CARD = 'api/v1/model'

export function head(): Plugin {
  return {
    name: 'head',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle }) => {
        const runtime = Object.keys(bundle ?? {}).find((name) => RUNTIME.test(name))
        if (!runtime) throw new Error('expected the slim runtime among the built files, found none')
        return [
          { tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY }, injectTo: 'head-prepend' },
          ...[runtime, CARD].map((file) => ({
            tag: 'link',
            attrs: { rel: 'preload', as: 'fetch', crossorigin: true, href: `./${file}` },
            injectTo: 'head' as const,
          })),
        ]
      },
    },
  }
}
