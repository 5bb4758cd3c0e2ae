// An object or a token, and each step of its verification.

import { at, element, words } from "./dom.js";

const OUTCOMES = {
  accepted: "Accepted",
  refused: "Refused",
  undecided: "Undecided",
  incomplete: "Nothing is wrong so far",
};
const MARKS = {
  passed: ["✓", "passed"],
  failed: ["✕", "failed"],
  not_reached: ["·", "not reached"],
  not_asked: ["?", "not asked"],
};
/** Fields that are names of an inspection themselves. */
const FIELDS = ["application", "kind", "key_id", "challenge", "client_data", "at"];

let ask;

/** Listens to the form. The question goes to the gateway by this function. */
export function begin(asking) {
  ask = asking;
  at("question").addEventListener("submit", (event) => {
    event.preventDefault();
    explain();
  });
  at("question").addEventListener("reset", () => {
    at("answer").replaceChildren();
    at("question-error").textContent = "";
  });
}

/** Offers the applications of this gateway. */
export function offer({ applications, is_demonstration: isDemonstration }) {
  const options = applications.map(({ name, app_ids: ids, package: android }) =>
    element("option", { value: name }, [name, ...ids, android].filter((text) => text !== null).join(" · ")));
  at("application").replaceChildren(element("option", { value: "" }, "the one that fits"), ...options);
  if (isDemonstration) {
    at("foot").textContent = "Demonstration: simulated devices are trusted here. No address, account, token or object is shown live.";
  }
}

function question() {
  const asked = { text: at("text").value };
  for (const name of FIELDS) {
    const value = name === "client_data" ? at(name).value : at(name).value.trim();
    if (value !== "") {
      asked[name] = value;
    }
  }
  const [method, target] = [at("method").value.trim(), at("target").value.trim()];
  if (method !== "" || target !== "") {
    asked.request = { method, target, body: at("body").value };
  }
  return asked;
}

async function explain() {
  const error = at("question-error");
  error.textContent = "";
  at("question").setAttribute("aria-busy", "true");
  try {
    const headers = { "content-type": "application/json" };
    const answer = await ask("inspect", { method: "POST", headers, body: JSON.stringify(question()) });
    const told = await answer.json();
    if (answer.ok) {
      show(told);
    } else {
      at("answer").replaceChildren();
      error.textContent = [told.title, told.detail].filter((text) => text !== undefined).join(" ");
    }
  } catch {
    error.textContent = "The gateway does not answer.";
  } finally {
    at("question").removeAttribute("aria-busy");
  }
}

function show({ objects, left_out: leftOut }) {
  const shown = objects.map(object);
  if (leftOut > 0) {
    shown.push(element("p", { class: "notice" }, `${leftOut} more of the group were not looked at.`));
  }
  at("answer").replaceChildren(...shown);
  at("answer").querySelector("h3")?.focus();
}

function object(found) {
  const { explanation } = found;
  const { verdict } = explanation;
  const name = explanation.name === null ? "" : `: ${explanation.name}`;
  const title = element(
    "h3",
    { tabindex: "-1" },
    element("span", { class: `mark ${verdict}`, "aria-hidden": "true" }, verdict === "accepted" ? "✓" : verdict === "refused" ? "✕" : "?"),
    ` ${OUTCOMES[verdict] ?? verdict}${name}`,
  );
  return element(
    "article",
    { class: `card answer ${verdict}`, "data-verdict": verdict, "data-name": explanation.name ?? "" },
    title,
    element("p", { class: "lead" }, explanation.diagnosis.sentence),
    about(found),
    steps(explanation.steps),
    part("What it says", explanation.facts, warning(explanation.facts)),
    part("Header", explanation.header, "Anybody can write a header."),
    part("Inner header", explanation.inner_header),
    part("The key", explanation.key_description, warning(explanation)),
    part("Certificates", explanation.chain),
    tried(explanation.diagnosis),
  );
}

function about(found) {
  const { explanation } = found;
  const rows = {
    vector: found.id,
    description: found.description,
    verified_as: words(explanation.kind),
    held_against: found.application,
    app_id: found.app_id,
    registered_here: found.is_registered === null ? null : found.is_registered ? "yes" : "no",
    failed_step: explanation.step,
    code: explanation.code,
    not_told: explanation.missing.length > 0 ? explanation.missing.map(words).join(", ") : null,
    read_as: explanation.decoding.length > 0 ? explanation.decoding.map(words).join(", ") : null,
    expected: found.expected === null ? null : `${found.expected[0]}, ${found.expected[1] ? "and so it is" : "which it is not"}`,
  };
  return table(rows);
}

function steps(all) {
  const items = all.map((step) => {
    const [mark, said] = MARKS[step.mark] ?? ["?", step.mark];
    return element(
      "li",
      { class: step.mark, "data-step": step.step },
      element("span", { class: `mark ${step.mark}`, "aria-hidden": "true" }, mark),
      element("div", { class: "step" }, element("strong", {}, step.title), element("p", { class: "muted" }, step.meaning)),
      step.compared.length > 0
        ? element("dl", { class: "values" }, ...step.compared.flatMap(({ label, value }) => pair(label, value)))
        : element("span", {}),
      element("span", { class: "said" }, said),
    );
  });
  return element("section", {}, element("h4", {}, "Step by step"), element("ol", { class: "steps" }, ...items));
}

function warning(facts) {
  const proved = facts?.proved ?? facts?.authentic;
  return proved === false ? "None of this is proved: anybody could have written it." : null;
}

function part(title, values, note) {
  if (values === null || values === undefined) {
    return null;
  }
  return element(
    "details",
    { open: true },
    element("summary", {}, title),
    note ? element("p", { class: "muted" }, note) : null,
    table(values),
  );
}

function tried({ tried: mistakes }) {
  if (mistakes.length === 0) {
    return null;
  }
  return element(
    "details",
    {},
    element("summary", {}, "Which mistakes were tried"),
    element("ul", {}, ...mistakes.map((mistake) => element("li", {}, mistake))),
  );
}

/** Names and values, whatever they are. */
function table(values) {
  const rows = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  return element("dl", { class: "values" }, ...rows.flatMap(([name, value]) => pair(words(name), value)));
}

function pair(label, value) {
  return [element("dt", {}, label), element("dd", {}, content(value))];
}

function content(value) {
  if (Array.isArray(value)) {
    return value.length === 0 ? "none" : element("ul", {}, ...value.map((item) => element("li", {}, content(item))));
  }
  if (value !== null && typeof value === "object") {
    return "claim_name" in value
      ? element("span", {}, `${value.claim_name} = ${value.value}${value.time === null ? "" : ` (${value.time})`}`)
      : table(value);
  }
  return String(value);
}
