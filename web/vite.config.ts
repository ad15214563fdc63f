import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { precompress } from './precompress.ts'

export default defineConfig({
  plugins: [svelte(), precompress()],
  base: './',
  build: {
    outDir: '../src/gribouille/server/static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // the server's Content-Security-Policy admits no data: URLs
  },
  worker: { format: 'es' },
  // `npm run dev` shows the page of this tree over a running `gribouille serve`.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8017', ws: true } } },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
