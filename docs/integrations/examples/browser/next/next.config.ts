import type { NextConfig } from "next";

const config: NextConfig = {
  // Streams of events would wait for a buffer to fill.
  compress: false,
  // Saving now takes up to 30 s.
  experimental: { proxyTimeout: 40_000 },
  rewrites: async () => [
    process.env.LMS_URL
      // The backend that has the sessions, and the proxy of docs/integrations.
      ? { source: "/progress/:path*", destination: `${process.env.LMS_URL}/progress/:path*` }
      // On a developer's machine: the sidecar of `make try BELIEVE=1`, which believes what a page says.
      : { source: "/progress/:path*", destination: `${process.env.PROGRESS_SYNC_URL ?? "http://127.0.0.1:8787"}/:path*` },
  ],
};

export default config;
