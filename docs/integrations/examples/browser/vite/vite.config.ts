import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const sidecar = process.env.PROGRESS_SYNC_URL ?? "http://127.0.0.1:8787";

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      // In place of the LMS. The sidecar wants its own address as Host, and its paths have no prefix.
      "/progress/": { target: sidecar, changeOrigin: true, rewrite: (path) => path.replace(/^\/progress/, "") },
    },
  },
});
