// Each state of the indicator by React and as an element, in lines as wide as a phone has them.
import { createRoot } from "react-dom/client";
import "../../../sidecar/web/client/src/element.ts";
import { ProgressSyncIndicator } from "../../../sidecar/web/client/src/react.tsx";

const STATES = ["idle", "saved", "saving", "pending", "retrying", "offline", "stale", "auth", "error"];

const HEBREW = {
  saved: "נשמר", saving: "שומר…", pending: "עדיין לא נשמר", retrying: "עדיין מנסה לשמור", offline: "לא מקוון: יישמר אחר כך",
  stale: "ההתקדמות בטוחה, עדיין לא מוצגת", auth: "יש להתחבר שוב כדי לשמור", error: "לא הכול נשמר: פנו לתמיכה",
  force: "לשמור עכשיו", resume: "להמשיך מ-{time}",
};

const nothing = () => {};

/** What is shown in a row: by React, which looks like the page around it, and as an element with a theme. */
const rows = [
  ...STATES.map((status) => ({ name: status, state: { status } })),
  { name: "saved, resume", state: { status: "saved", resumeAt: 301 } },
  { name: "1:05:01", state: { status: "offline", resumeAt: 3901 } },
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
      <td><div className="phone"><React {...more} {...props} /></div></td>
      <td><div className="phone"><Element {...more} {...props} theme="auto" /></div></td>
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

function Section({ title, scheme = "light", dir, strings, list, children }) {
  return (
    <section className={scheme}>
      <table dir={dir}>
        <thead><tr><th>{title}</th><th>React</th><th>element with theme</th></tr></thead>
        <tbody>
          <Rows list={list} strings={strings} />
          {children}
        </tbody>
      </table>
    </section>
  );
}

const parts = {
  sheet: [
    <Section key="light" title="light" list={rows}><Small variant="compact" /><Small variant="badge" /></Section>,
    <Section key="dark" title="dark" scheme="dark" list={[...rows.slice(0, STATES.length), ...some(["always: offline"])]}><Small variant="badge" /></Section>,
  ],
  rtl: <Section title="right to left" dir="rtl" strings={HEBREW} list={some(["saved", "retrying", "offline", "stale", "auth", "error", "saved, resume"])} />,
  forced: <Section title="forced colours" list={some(["saved", "retrying", "offline", "stale", "auth", "error", "always: offline"])} />,
};

createRoot(document.getElementById("root")).render(parts[location.search.slice(1)]);
