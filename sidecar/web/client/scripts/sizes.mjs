// Measures what each entry adds to a page, minified and gzipped, into the table of the README: with --write it is written,
// without it has to be what is measured. Fails where an entry is over its budget.
//
// What the core has in it counts for the core alone, React for nobody, and what is loaded later for the entry that it is.
import { readFileSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const entries = [
  { name: "index", import: "@progress-sync/client", is: "the core", budget: 5500 },
  { name: "react", import: "@progress-sync/client/react", is: "hooks and indicator, beside the core and React", budget: 2200 },
  { name: "element", import: "@progress-sync/client/element", is: "custom element, alone or beside the core", budget: 3000 },
  { name: "debug", import: "@progress-sync/client/debug", is: "debug panel, fetched where it is switched on", budget: 3000 },
];

/** What an entry has in it, and the modules that it is made of. */
async function bundle(name, others) {
  const { outputFiles, metafile } = await build({
    entryPoints: [`dist/${name}.js`],
    bundle: true,
    format: "esm",
    target: "es2022",
    metafile: true,
    write: false,
    plugins: [{
      name: "not its own",
      setup({ onResolve }) {
        onResolve({ filter: /./ }, ({ path, kind, resolveDir }) => {
          if (kind === "entry-point") return undefined;
          const own = path.startsWith(".") && kind !== "dynamic-import" && !others.has(relative(".", resolve(resolveDir, path)));
          return own ? undefined : { path, external: true };
        });
      },
    }],
  });
  const { code } = await minify(outputFiles[0].text, { module: true, ecma: 2020, compress: { passes: 3 } });
  return { size: gzipSync(code, { level: 9 }).length, modules: new Set(Object.keys(metafile.inputs)) };
}

const core = (await bundle("index", new Set())).modules;
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const lines = ["| import | is | weighs | may weigh |", "|---|---|---|---|"];
let wrong = false;
for (const { name, import: from, is, budget } of entries) {
  const { size } = await bundle(name, name === "index" ? new Set() : core);
  lines.push(`| \`${from}\` | ${is} | ${kB(size)} | ${kB(budget)} |`);
  wrong ||= size > budget;
  console.log(`${name.padEnd(8)} ${size} of ${budget} bytes${size > budget ? ": too large" : ""}`);
}

const readme = readFileSync("README.md", "utf8");
const current = readme.replace(/(<!-- sizes -->\n).*?(<!-- end -->)/s, `$1${lines.join("\n")}\n$2`);
if (!current.includes(lines.join("\n"))) {
  console.error("the README has no place for the table: <!-- sizes --> and <!-- end -->");
  wrong = true;
} else if (process.argv.includes("--write")) writeFileSync("README.md", current);
else if (current !== readme) {
  console.error("the README's table says other sizes: npm run sizes -- --write");
  wrong = true;
}
process.exit(wrong ? 1 : 0);
