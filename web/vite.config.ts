import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// Where a konomi listens while the page is developed with `npm run dev`.
const server = 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue()],
  define: {
    // Composition API only, and no devtools hooks in the built page.
    __VUE_OPTIONS_API__: false,
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    target: 'es2022',
    // The served policy allows nothing inline, so no asset may become a data: script or font.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // ECharts, the one chunk of this size, is loaded after the page is shown.
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { '/api': server } },
  preview: { proxy: { '/api': server } },
})
