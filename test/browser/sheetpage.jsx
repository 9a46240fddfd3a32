// The page that sheet.js makes pictures of: each state by React and as an element, in lines as wide as a phone has them.
import { createRoot } from "react-dom/client";
import "../../sidecar/web/client/src/element.ts";
import { ProgressSyncIndicator } from "../../sidecar/web/client/src/react.tsx";

const STATES = ["idle", "saved", "saving", "pending", "retrying", "offline", "stale", "auth", "error"];

const HEBREW = {
  saved: "נשמר", saving: "שומר…", pending: "עדיין לא נשמר", retrying: "עדיין מנסה לשמור", offline: "לא מקוון: יישמר אחר כך",
  stale: "ההתקדמות בטוחה, עדיין לא מוצגת", auth: "יש להתחבר שוב כדי לשמור", error: "לא הכול נשמר: פנו לתמיכה",
  force: "לשמור עכשיו", resume: "להמשיך מ-{time}",
};

const nothing = () => {};

/** What is shown in a row: by React, and as an element with a theme and without. */
const rows = [
  ...STATES.map((status) => ({ name: status, state: { status } })),
  { name: "saved, resume", state: { status: "saved", resumeAt: 301 } },
  { name: "offline, resume", state: { status: "offline", resumeAt: 3901 } },
  { name: "force: saved", state: { status: "saved", forceResult: "saved" } },
  { name: "force: kept", state: { status: "saved", forceResult: "kept" } },
  { name: "force: failed", state: { status: "retrying", forceResult: "failed" } },
  { name: "always: saved", state: { status: "saved" }, button: "always" },
  { name: "always: offline", state: { status: "offline" }, button: "always" },
  { name: "always: auth", state: { status: "auth" }, button: "always" },
  { name: "too long", state: { status: "retrying" }, strings: { retrying: "Dein Fortschritt wird noch einmal gespeichert" } },
];
const some = (names) => rows.filter(({ name }) => names.includes(name));

function Element({ state, strings, ...attributes }) {
  const give = (element) => void (element && Object.assign(element, { strings: strings ?? {}, state }));
  return <progress-sync-indicator ref={give} {...attributes} />;
}

const React = ({ state, ...props }) => <ProgressSyncIndicator state={state} onForceSync={nothing} onResume={nothing} {...props} />;

function Rows({ list, ...more }) {
  return list.map(({ name, ...props }) => (
    <tr key={name} data-name={name}>
      <th>{name}</th>
      <td><div className="phone"><React {...props} {...more} /></div></td>
      <td><div className="phone"><Element {...props} {...more} theme="auto" /></div></td>
    </tr>
  ));
}

function Small({ variant }) {
  return (
    <tr data-name={variant}>
      <th>{variant}</th>
      <td colSpan="2">
        <div className="small">
          {STATES.slice(1).map((status) => <React key={status} state={{ status }} variant={variant} />)}
        </div>
        <div className="small">
          {STATES.slice(1).map((status) => <Element key={status} state={{ status }} variant={variant} theme="auto" />)}
        </div>
      </td>
    </tr>
  );
}

function Sheet() {
  return ["light", "dark"].map((scheme) => (
    <section key={scheme} className={scheme}>
      <table>
        <thead><tr><th>{scheme}</th><th>React, no theme</th><th>element, theme="auto"</th></tr></thead>
        <tbody>
          <Rows list={rows} />
          <Small variant="compact" />
          <Small variant="badge" />
        </tbody>
      </table>
    </section>
  ));
}

function Some({ names, title, ...more }) {
  return (
    <section className="light">
      <table dir={more.dir}>
        <thead><tr><th>{title}</th><th>React, no theme</th><th>element, theme="auto"</th></tr></thead>
        <tbody><Rows list={some(names)} strings={more.strings} /></tbody>
      </table>
    </section>
  );
}

const parts = {
  sheet: <Sheet />,
  rtl: <Some title="right to left" dir="rtl" strings={HEBREW} names={["saved", "retrying", "offline", "stale", "auth", "error", "saved, resume"]} />,
  forced: <Some title="forced colours" names={["saved", "retrying", "offline", "stale", "auth", "error", "always: offline"]} />,
};

createRoot(document.getElementById("root")).render(parts[location.hash.slice(1)]);
