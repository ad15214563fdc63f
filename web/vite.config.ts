import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { head } from './head.ts'
import { icons } from './icons.ts'
import { precompress } from './precompress.ts'
import { skeleton } from './skeleton.ts'
import { slimRuntime } from './slim.ts'
import { version } from './version.ts'

export default defineConfig({
  plugins: [svelte(), slimRuntime(), skeleton(), head(), icons(), version(), precompress()],
  base: './',
  build: {
    outDir: '../src/gribouille/server/static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the server's Content-Security-Policy admits no data: URLs
    rolldownOptions: {
      input: { index: 'index.html', 'service-worker': 'src/offline/serviceWorker.ts' },
      output: {
        // The service worker's address stays: by it the browser knows that a version follows another.
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: { format: 'es' },
  // `npm run dev` shows the page of this tree over a running `gribouille serve`.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8017', ws: true } } },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  test: { include: ['src/**/*.test.ts', '{slim,skeleton}/**/*.test.ts'], environment: 'node' },
})
