import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const examples = join(root, "docs/integrations/examples/browser");

/** Vite of the examples, which hack/examples.sh has installed. */
const vite = () => import(pathToFileURL(createRequire(join(examples, "package.json")).resolve("vite")));

/** What the examples serve goes with the process, since a request that is under way when an example ends may still open a file. */
const served = mkdtempSync(join(tmpdir(), "progress-sync-examples-"));
process.on("exit", () => rmSync(served, { recursive: true, force: true }));

/** What the pages ask for beside their code: a film, the same as HLS, Plyr's icons, and the package as it is built. */
function provide(files) {
  const from = (...path) => join(root, ...path);
  cpSync(from("test/browser/media"), files, { recursive: true });
  // Made for the sample LMS, which the tests have started by then.
  cpSync(join(process.env.PROGRESS_SYNC_CACHE ?? from(".cache"), "browser/assets/film.webm"), join(files, "lesson.webm"));
  cpSync(join(examples, "node_modules/plyr/dist/plyr.svg"), join(files, "plyr.svg"));
  cpSync(join(examples, "node_modules/@progress-sync/client/dist"), join(files, "progress-sync"), { recursive: true });
}

/**
 * An example of docs/integrations in front of a sidecar, served with the configuration that the document has. The page's
 * learner is another, who is signed in.
 */
export class Example {
  static async start(name, sidecar, learner) {
    const files = mkdtempSync(join(served, `${name}-`));
    provide(files);
    const { createServer, loadConfigFromFile, mergeConfig, preview } = await vite();
    process.env.PROGRESS_SYNC_URL = sidecar;
    const { config } = await loadConfigFromFile({ command: "serve", mode: "development" }, join(examples, "vite/vite.config.ts"));
    config.server.proxy["/progress/"].headers = { "X-Progress-User": learner };
    const named = (text) => text.replaceAll('"ada"', JSON.stringify(learner));
    const where = { host: "127.0.0.1", port: 0 };
    const common = { configFile: false, root: join(examples, name), logLevel: "warn" };
    let server;
    if (name === "html") {
      // Nothing but files.
      writeFileSync(join(files, "index.html"), named(readFileSync(join(examples, name, "index.html"), "utf8")));
      server = await preview(mergeConfig(config, { ...common, build: { outDir: files }, preview: where }));
    } else {
      server = await createServer(mergeConfig(config, {
        ...common, publicDir: files, cacheDir: join(files, ".vite"), server: { ...where, watch: null, hmr: false },
        plugins: [{
          name: "another learner", enforce: "pre",
          transform: (code, id) => (id.startsWith(common.root) ? named(code) : undefined),
        }],
      }));
      await server.listen();
    }
    return new Example(server);
  }

  constructor(server) {
    Object.assign(this, { server, url: server.resolvedUrls.local[0] });
  }

  stop() {
    return this.server.close();
  }
}
