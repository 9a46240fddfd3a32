import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const client = fileURLToPath(new URL("../../../sidecar/web/client/", import.meta.url));

/** The script of a service worker that has nothing but the package's entry, for a learner who is signed in. */
async function script(learner) {
  const { build } = await import(pathToFileURL(createRequire(client + "package.json").resolve("esbuild")));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { handleSync } from "./src/serviceworker.ts";
        handleSync({
          userId: () => ${JSON.stringify(learner)},
          headers: async () => ({ "X-CSRF-Token": (await cookieStore.get("lms-csrf"))?.value ?? "" }),
        });`,
      resolveDir: client,
    },
    bundle: true, format: "iife", write: false,
  });
  return outputFiles[0].text;
}

/** Gives the page's origin a service worker, as an application has one. */
export async function registerWorker(device, page, learner) {
  const body = await script(learner);
  await device.context.route("**/progress-worker.js", (route) => route.fulfill({ contentType: "text/javascript", body }));
  await page.evaluate(async () => {
    await navigator.serviceWorker.register("/progress-worker.js");
    await navigator.serviceWorker.ready;
  });
}

/** What the browser does about syncs from now on, with when: it is asked for one, runs it, and is done. */
export async function observeSync(context) {
  const devtools = await context.newCDPSession(context.pages()[0]);
  const seen = [];
  devtools.on("BackgroundService.backgroundServiceEventReceived", ({ backgroundServiceEvent: event }) => {
    seen.push({ what: event.eventName, at: Date.now() });
  });
  await devtools.send("BackgroundService.setRecording", { shouldRecord: true, service: "backgroundSync" });
  await devtools.send("BackgroundService.startObserving", { service: "backgroundSync" });
  return seen;
}

/**
 * Tells the worker of a sync, as the browser does when there is a network again. It looks at the computer's network for that
 * and not at what a test pretends (cases/cable.js pulls the cable), and tries a sync that has failed again after minutes.
 */
export async function syncWorker(device) {
  const page = await device.context.newPage();
  const devtools = await device.context.newCDPSession(page);
  const found = new Promise((done) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const one = registrations.find(({ scopeURL, isDeleted }) => scopeURL.startsWith(device.web) && !isDeleted);
      if (one) done(one);
    });
  });
  await devtools.send("ServiceWorker.enable");
  const { registrationId } = await found;
  await devtools.send("ServiceWorker.dispatchSyncEvent", { origin: device.web, registrationId, tag: "progress-sync", lastChance: false });
  await page.close();
}
