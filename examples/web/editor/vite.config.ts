import { defineConfig } from 'vite'

// `npm run dev` serves the page by itself; documents come from a server that runs beside it.
const server = 'http://127.0.0.1:8000'

export default defineConfig({
  base: './',
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 1500,
    // Two packages say `use client`, which means something to servers of React alone.
    rolldownOptions: { checks: { moduleLevelDirective: false } }
  },
  server: {
    port: 5173,
    proxy: {
      '/collab': { target: server, ws: true },
      '/api': { target: server }
    }
  }
})
