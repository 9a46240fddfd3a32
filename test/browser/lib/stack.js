import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Starts the programs that the tests run against; they end with this process. */
export async function startStack(program = process.env.STACK) {
  const [file, ...args] = program ? [program] : ["go", "run", "./test/browser/stack"];
  const child = spawn(file, args, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([once(lines, "line"), ended.then(() => undefined)]);
  if (!line) throw new Error("the stack did not start");
  const addresses = JSON.parse(line[0]);
  return new Stack(addresses, child, ended);
}

/** The control API of test/browser/stack. */
export class Stack {
  constructor(addresses, child, ended) {
    Object.assign(this, addresses);
    this.child = child;
    this.ended = ended;
  }

  async ask(method, path, body) {
    const answer = await fetch(this.control + path, {
      method,
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return answer.json();
  }

  rows(userId) {
    return this.ask("GET", "/rows?" + new URLSearchParams({ userId }));
  }

  async row(userId, lessonId = "lesson-1") {
    return (await this.rows(userId)).find((row) => row.lesson_id === lessonId);
  }

  /** What the LMS of a pair sent to its sidecar for a learner. */
  requests(pair, userId) {
    return this.ask("GET", `/pairs/${pair}/requests?` + new URLSearchParams({ userId }));
  }

  fault(pair, fault) {
    return this.ask("POST", `/pairs/${pair}/faults`, fault);
  }

  lift(pair, userId) {
    return this.ask("DELETE", `/pairs/${pair}/faults?` + new URLSearchParams({ userId }));
  }

  sidecar(pair, what) {
    return this.ask("POST", `/pairs/${pair}/${what}`);
  }

  postgres(what) {
    return this.ask("POST", `/postgres/${what}`);
  }

  sql(statements) {
    return this.ask("POST", "/sql", statements);
  }

  lock(userId) {
    return this.ask("POST", "/locks?" + new URLSearchParams({ userId }));
  }

  waiting() {
    return this.ask("GET", "/locks");
  }

  unlock(userId) {
    return this.ask("DELETE", "/locks?" + new URLSearchParams({ userId }));
  }

  /** Resolves with the exit code. */
  async stop() {
    this.child.stdin.end();
    return (await this.ended)[0];
  }
}
