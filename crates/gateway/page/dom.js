// Elements and text, and never markup: what an object says is shown, and does nothing.

/** The element of this id. */
export function at(id) {
  return document.getElementById(id);
}

/** An element with these attributes, and these children: elements, or text. */
export function element(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same, in SVG. */
export function drawing(name, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null && value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children) {
    if (child !== undefined && child !== null) {
      made.append(child instanceof Node ? child : document.createTextNode(visible(String(child))));
    }
  }
  return made;
}

/** What would turn text around or hide it is shown as a code point. */
export function visible(text) {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`,
  );
}

/** A number as people read it. */
export function count(number) {
  return number.toLocaleString("en");
}

const FORMS = { hex: " in hex", b64: " in base64" };

/** A name such as `app_attest` in words. */
export function words(name) {
  const spaced = name.replaceAll("_", " ").replace(/\bid\b/g, "ID").replace(/ (hex|b64)$/, (_, form) => FORMS[form]);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
