// The frame of the page: the token, the connection, the two views.

import { at } from "./dom.js";
import * as inspector from "./inspector.js";
import * as live from "./live.js";

/** Without a sign of life for so long, in milliseconds, the connection is taken for dead: three beats of the gateway. */
const SILENCE = 15_000;
/** The longest time between two attempts to connect, in milliseconds. */
const LONGEST_WAIT = 8_000;

let token = "";
let watching = null;

/** Asks the gateway, with the token. */
function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token !== "") {
    headers.authorization = `Bearer ${token}`;
  }
  return fetch(path, { ...options, headers, cache: "no-store", credentials: "same-origin", redirect: "error" });
}

function tell(state, text) {
  at("connection").dataset.state = state;
  if (at("connection-text").textContent !== text) {
    at("connection-text").textContent = text;
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Enters, if the gateway takes the token, or asks for none. */
async function enter() {
  let answer;
  try {
    answer = await ask("inspect");
  } catch {
    tell("away", "The gateway does not answer");
    return "The gateway does not answer.";
  }
  if (answer.status === 401) {
    return token === "" ? "" : "This is not the operator's token.";
  }
  if (!answer.ok) {
    return `The gateway answers ${answer.status}.`;
  }
  inspector.offer(await answer.json());
  at("door").hidden = true;
  at("desk").hidden = false;
  at("leave").hidden = token === "";
  watch();
  return null;
}

/** Shows the door, with what went wrong. */
function leave(error) {
  watching?.abort();
  watching = null;
  token = "";
  tell("away", "Not connected");
  at("token").value = "";
  at("desk").hidden = true;
  at("leave").hidden = true;
  at("door").hidden = false;
  at("door-error").textContent = error;
  at("token").focus();
}

/** Watches until somebody leaves; after each end of the stream anew. */
async function watch() {
  const mine = new AbortController();
  watching = mine;
  let wait = 1_000;
  while (watching === mine) {
    const trial = new AbortController();
    mine.signal.addEventListener("abort", () => trial.abort(), { once: true });
    try {
      const answer = await ask("events", { signal: trial.signal });
      if (answer.status === 401) {
        leave("The gateway does not take this token any more.");
        return;
      }
      if (answer.ok) {
        wait = 1_000;
        await read(answer.body, trial);
        tell("away", "The connection has ended; trying again");
      } else {
        const full = answer.status === 503;
        tell("away", full ? "As many watch as may; trying again" : `The gateway answers ${answer.status}; trying again`);
      }
    } catch {
      if (watching === mine) {
        tell("away", "The gateway does not answer; trying again");
      }
    }
    trial.abort();
    await pause(wait);
    wait = Math.min(2 * wait, LONGEST_WAIT);
  }
}

/** Reads a JSON object from each line. */
async function read(body, trial) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const silence = setTimeout(() => trial.abort(), SILENCE);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done) {
      return;
    }
    tell("live", "Connected");
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      live.take(JSON.parse(line));
    }
  }
}

/** Tabs as the ARIA Authoring Practices have them: arrows, Home and End move and open. */
function tabs() {
  const all = [at("tab-live"), at("tab-inspector")];
  const open = (tab) => {
    for (const other of all) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      at(other.getAttribute("aria-controls")).hidden = !chosen;
    }
  };
  for (const [place, tab] of all.entries()) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const places = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: -1 };
      if (event.key in places) {
        event.preventDefault();
        const next = all.at(places[event.key] % all.length);
        open(next);
        next.focus();
      }
    });
  }
}

at("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  const shown = at("token").value.trim();
  if (!/^[\x21-\x7e]+$/.test(shown)) {
    at("door-error").textContent = "A token has letters, digits and signs of ASCII, and no space.";
    return;
  }
  token = shown;
  at("door-error").textContent = "";
  const error = await enter();
  if (error !== null) {
    leave(error);
  } else {
    at("token").value = "";
    at("tab-live").focus();
  }
});
at("leave").addEventListener("click", () => leave(""));
tabs();
live.begin();
inspector.begin(ask);

const error = await enter();
if (error !== null) {
  leave(error);
}
