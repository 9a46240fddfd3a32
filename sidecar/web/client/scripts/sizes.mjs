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
  { name: "index", takes: "createProgressSync", is: "the core", budget: 7550 },
  { name: "react", takes: "useOptimizedProgress, ProgressSyncIndicator", is: "hook and indicator, beside the core and React", budget: 2200 },
  { name: "react", takes: "*", is: "the same with several lessons, their sum, a course and the provider", budget: 3100 },
  { name: "element", takes: "*", is: "custom element, alone or beside the core", budget: 3000 },
  { name: "compress", takes: "*", is: "packs large bodies, beside the core", budget: 600 },
  { name: "debug", takes: "*", is: "debug panel, fetched where it is switched on", budget: 3200 },
  { name: "serviceworker", takes: "handleSync", is: "service worker, of its own, in no page", budget: 2500 },
];

/** Where an entry is imported from. */
const paths = { index: "", serviceworker: "/service-worker" };
const from = (name) => "@progress-sync/client" + (paths[name] ?? "/" + name);

/** What a page gets with what it takes of an entry, and the modules that this is made of. */
async function bundle(name, takes, others) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${takes === "*" ? "*" : `{ ${takes} }`} from "./dist/${name}.js";`, resolveDir: "." },
    bundle: true,
    format: "esm",
    target: "es2022",
    metafile: true,
    write: false,
    plugins: [{
      name: "not its own",
      setup({ onResolve }) {
        onResolve({ filter: /./ }, ({ path, kind, resolveDir }) => {
          const own = path.startsWith(".") && kind !== "dynamic-import" && !others.has(relative(".", resolve(resolveDir, path)));
          return own ? undefined : { path, external: true };
        });
      },
    }],
  });
  const { code } = await minify(outputFiles[0].text, { module: true, ecma: 2020, compress: { passes: 3 } });
  return { size: gzipSync(code, { level: 9 }).length, modules: new Set(Object.keys(metafile.inputs)) };
}

const core = (await bundle("index", "createProgressSync", new Set())).modules;
const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const lines = ["| of | import | is | weighs | may weigh |", "|---|---|---|---|---|"];
let wrong = false;
for (const { name, takes, is, budget } of entries) {
  const { size } = await bundle(name, takes, ["index", "serviceworker"].includes(name) ? new Set() : core);
  const names = takes === "*" ? "all" : takes.replace(/\w+/g, "`$&`");
  lines.push(`| \`${from(name)}\` | ${names} | ${is} | ${kB(size)} | ${kB(budget)} |`);
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
