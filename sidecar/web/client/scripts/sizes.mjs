// Fails where an entry is over its budget, minified and gzipped, or the README says another size. What an entry
// takes from the core or from React is not its own.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const readme = readFileSync("README.md", "utf8");
const budgets = { index: 5000, react: 2000, element: 4000, debug: 3000 };

let wrong = false;
for (const [entry, budget] of Object.entries(budgets)) {
  const { outputFiles } = await build({
    entryPoints: [`dist/${entry}.js`],
    bundle: true,
    format: "esm",
    target: "es2022",
    external: entry === "index" ? [] : ["react", "react/jsx-runtime", "./sync.js", "./http.js"],
    write: false,
  });
  const { code } = await minify(outputFiles[0].text, { module: true, ecma: 2020, compress: { passes: 3 } });
  const size = gzipSync(code, { level: 9 }).length;
  wrong ||= size > budget;
  const told = `${entry === "index" ? "core" : `\`/${entry}\``} ${(size / 1000).toFixed(1)} kB`;
  if (!readme.includes(told)) {
    console.log(`the README does not say "${told}"`);
    wrong = true;
  }
  console.log(`${entry.padEnd(8)} ${size} of ${budget} bytes${size > budget ? ": too large" : ""}`);
}
process.exit(wrong ? 1 : 0);
