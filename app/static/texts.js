/* Texts that were typed and are not saved yet, in this browser: each with its user, its form's address and its values. */

const PREFIX = "inkwell-text-";
const OWN = "inkwell-text";
const KEPT = 10;
// The 100,000 characters that a form takes have at most so many UTF-16 units.
const LONGEST = 200_000;

/** All of them, the newest first. */
export function all() {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
    return names.map((name) => JSON.parse(localStorage.getItem(name))).sort((one, other) => other.at - one.at);
  } catch {
    return [];
  }
}

/** The one that was typed last in this tab; none, if it could not be kept. */
export function own() {
  try {
    const id = sessionStorage.getItem(OWN);
    return all().find((text) => text.id === id);
  } catch {
    return undefined;
  }
}

export function newId() {
  return crypto.getRandomValues(new Uint32Array(2)).join("-");
}

/** Tells whether it could be kept. Each has an entry of its own, so that two tabs never write over each other's. */
export function keep({ id, values, ...text }) {
  try {
    sessionStorage.removeItem(OWN);
    if (Object.values(values).some(({ length }) => length > LONGEST)) return false;
    if (!(PREFIX + id in localStorage)) all().slice(KEPT - 1).forEach((old) => forget(old.id));
    localStorage.setItem(PREFIX + id, JSON.stringify({ ...text, id, values, at: Date.now() }));
    sessionStorage.setItem(OWN, id);
    return true;
  } catch {
    // Full or forbidden: the form works all the same.
    return false;
  }
}

export function forget(id) {
  try {
    localStorage.removeItem(PREFIX + id);
  } catch {
    // Forbidden: then nothing was kept either.
  }
}
