/** For development: `?screen=NAME` draws one fixture as the terminal would, without it a list of all. */
import { render } from "preact";
import { useState } from "preact/hooks";
import { keepFitted } from "./fit.ts";
import { type Fixture, fixtures } from "./fixtures.ts";
import { Frame } from "./frame.tsx";
import { firstSettings, type Settings } from "./kiosk.ts";
import "./app.css";

const query = new URLSearchParams(location.search);

function One({ fixture }: { fixture: Fixture }) {
  const [settings, setSettings] = useState<Settings>({
    ...firstSettings,
    language: query.get("lang") === "en" ? "en" : "zh-CN",
    large: query.has("large"),
  });
  return (
    <Frame
      view={fixture.view}
      disconnected={query.has("disconnected")}
      nowMs={fixture.view.now}
      settings={settings}
      slow={false}
      act={(action) => console.log(action)}
      change={(change) => setSettings((old) => ({ ...old, ...change }))}
    />
  );
}

function List() {
  return (
    <ul>
      {fixtures.map(({ name }) => (
        <li key={name}>
          <a href={`?screen=${name}`}>{name}</a>
        </li>
      ))}
    </ul>
  );
}

const root = document.getElementById("app");
if (root === null) throw new Error("the page has no #app");
const chosen = fixtures.find(({ name }) => name === query.get("screen"));
if (chosen) keepFitted(window);
render(chosen ? <One fixture={chosen} /> : <List />, root);
