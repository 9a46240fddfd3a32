import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const both = ["test/react.test.tsx", "test/seed.test.tsx", "test/hydration.test.tsx", "test/hookvideo.test.tsx", "test/course.test.tsx"];
const react18 = (name: string) => fileURLToPath(new URL(`test/react18/node_modules/${name}`, import.meta.url));

const test = { environment: "happy-dom", restoreMocks: true };

declare module "vitest" {
  export interface ProvidedContext {
    /** Which React a test runs with. */
    react: string;
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { ...test, name: "core", include: ["test/*.test.ts"] } },
      { test: { ...test, name: "react 19", include: both, provide: { react: "react 19" } } },
      {
        test: { ...test, name: "react 18", include: both, provide: { react: "react 18" } },
        resolve: {
          alias: Object.fromEntries(["react", "react-dom", "@testing-library/react"].map((name) => [name, react18(name)])),
        },
      },
    ],
  },
});
