// Fails where an entry is over its budget, minified and gzipped. What an entry
// takes from the core or from React is not its own.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const budgets = { index: 5000, react: 2000, element: 4000 };

let over = false;
for (const [entry, budget] of Object.entries(budgets)) {
  const { outputFiles } = await build({
    entryPoints: [`dist/${entry}.js`],
    bundle: true,
    format: "esm",
    target: "es2022",
    external: entry === "index" ? [] : ["react", "react/jsx-runtime", "./sync.js"],
    write: false,
  });
  const { code } = await minify(outputFiles[0].text, { module: true, ecma: 2020, compress: { passes: 3 } });
  const size = gzipSync(code, { level: 9 }).length;
  over ||= size > budget;
  console.log(`${entry.padEnd(8)} ${size} of ${budget} bytes${size > budget ? ": too large" : ""}`);
}
process.exit(over ? 1 : 0);
