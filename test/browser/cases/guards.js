import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.js";
import { Device, newName } from "../lib/learner.js";

/** Runs in the page: a request as its scripts could send it. */
async function ask([method, path, body, headers]) {
  const answer = await fetch("/progress" + path, { method, body: body && JSON.stringify(body), headers });
  return answer.status;
}

const update = (userId) => ({ userId, courseId: "film-course", lessonId: "lesson-1", currentTime: 10, duration: 120 });

export function define(shared) {
  async function page(name) {
    const device = await Device.open(shared, "a", name);
    const tab = await device.lesson("element");
    const token = await tab.page.locator("#lesson-page").getAttribute("data-csrf-token");
    return { device, tab, json: { "Content-Type": "application/json", "X-CSRF-Token": token } };
  }

  scenario("a request without the session's CSRF token is refused", async () => {
    const name = newName("csrf");
    const { device, tab } = await page(name);
    const type = { "Content-Type": "application/json" };
    for (const [method, path] of [["POST", "/v1/progress"], ["POST", "/v1/sync"], ["DELETE", "/v1/progress?courseId=film-course&lessonId=lesson-1"]]) {
      assert.equal(await tab.page.evaluate(ask, [method, path, method === "POST" ? update(name) : undefined, type]), 403, `${method} ${path}`);
    }
    assert.equal(await tab.page.evaluate(ask, ["POST", "/v1/progress", { ...update(name), csrfToken: "x" }, type]), 403);
    assert.equal(await tab.page.evaluate(ask, ["POST", "/v1/progress", update(name), { ...type, "X-CSRF-Token": "x" }]), 403);
    assert.deepEqual(await shared.stack.rows(name), []);
    await device.close();
  });

  scenario("a request that names another learner is refused as a whole", async () => {
    const [name, other] = [newName("self"), newName("other")];
    const { device, tab, json } = await page(name);
    for (const body of [update(other), [update(name), update(other)], [update(other), update(name)]]) {
      assert.equal(await tab.page.evaluate(ask, ["POST", "/v1/progress", body, json]), 403);
    }
    const completes = { userId: other, courseId: "film-course", lessonIds: ["lesson-1"] };
    assert.equal(await tab.page.evaluate(ask, ["POST", "/v1/progress/complete", completes, json]), 403);
    const query = `?userId=${other}&courseId=film-course&lessonId=lesson-1`;
    for (const [method, path] of [["GET", "/v1/progress"], ["DELETE", "/v1/progress"], ["GET", "/v1/sync"], ["POST", "/v1/sync"], ["GET", "/v1/sync/events"]]) {
      assert.equal(await tab.page.evaluate(ask, [method, path + query, undefined, json]), 403, `${method} ${path}`);
    }
    const spoofed = { ...json, "X-Progress-User": other };
    assert.equal(await tab.page.evaluate(ask, ["POST", "/v1/progress", update(undefined), spoofed]), 200);
    assert.equal(await tab.page.evaluate(ask, ["POST", "/v1/sync", undefined, json]), 200);
    assert.deepEqual(await shared.stack.rows(other), []);
    assert.equal((await shared.stack.rows(name)).length, 1, "the learner is the session's, whatever the page says");
    await device.close();
  });

  scenario("a learner reaches nothing else of the sidecar", async () => {
    const { device, tab, json } = await page(newName("curious"));
    for (const [method, path] of [
      ["GET", "/v1/dead-letters"], ["POST", "/v1/dead-letters/replay"], ["DELETE", "/v1/users/ada"], ["GET", "/ui/"], ["GET", "/ui/data"],
      ["GET", "/openapi.json"], ["GET", "/v1/progress/../dead-letters"], ["GET", "/v1/progress/%2e%2e/dead-letters"], ["GET", "/v1/progress%2f..%2fdead-letters"],
    ]) {
      assert.equal(await tab.page.evaluate(ask, [method, path, undefined, json]), 404, `${method} ${path}`);
    }
    await device.close();
  });

  scenario("a page of another site can write neither through the LMS nor to the sidecar", async () => {
    const name = newName("victim");
    const { device, tab } = await page(name);
    const complaints = device.complaints.length;
    const other = await device.context.newPage();
    await other.route("http://elsewhere.example/**", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Elsewhere</title>" }));
    await other.goto("http://elsewhere.example/");
    await other.evaluate(
      ([targets, body]) =>
        Promise.allSettled(
          targets.map((url) => fetch(url, { method: "POST", mode: "no-cors", credentials: "include", headers: { "Content-Type": "text/plain" }, body })),
        ),
      [[device.web + "/progress/v1/progress", shared.stack.pairs.a.sidecar + "/v1/progress"], JSON.stringify(update(name))],
    );
    for (const url of [device.web, shared.stack.pairs.a.sidecar]) {
      await other.setContent(`<form method="post" enctype="text/plain" action="${url}/v1/progress"><input name='{"userId":"${name}","courseId":"c","lessonId":"l","x":"' value='"}'></form>`);
      const [answer] = await Promise.all([other.waitForNavigation(), other.evaluate(() => document.forms[0].submit())]);
      assert.ok(answer.status() >= 400, `${url} answered ${answer.status()}`);
      await other.goto("http://elsewhere.example/");
    }
    await tab.forceSync();
    await tab.says("saved");
    assert.deepEqual(await shared.stack.rows(name), []);
    device.complaints.splice(complaints); // that browsers warn of such a page is their business
    await device.close();
  });
}
