import { render } from "preact";
import { App } from "./app.tsx";
import { keepFitted } from "./fit.ts";
import "./app.css";

/** Which terminal this screen belongs to: `?kiosk=kiosk-2`. */
const kiosk = new URLSearchParams(location.search).get("kiosk") ?? "kiosk-1";
const scheme = location.protocol === "https:" ? "wss" : "ws";
const socketUrl = `${scheme}://${location.host}${import.meta.env.BASE_URL}socket/${encodeURIComponent(kiosk)}`;

keepFitted(window);
const root = document.getElementById("app");
if (root === null) throw new Error("the page has no #app");
render(<App socketUrl={socketUrl} />, root);
