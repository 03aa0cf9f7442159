/* Uploads in parts that were begun in this browser, by the file: a page that is reloaded goes on where it was. */

const NAME = "inkwell-uploads";
const KEPT = 5;

export function recall(file) {
  return read().find(({ of }) => of === fingerprint(file));
}

export function remember(file, { id, checksums }) {
  write([{ of: fingerprint(file), id, checksums }, ...others(file)].slice(0, KEPT));
}

export function forget(file) {
  write(others(file));
}

function others(file) {
  return read().filter(({ of }) => of !== fingerprint(file));
}

function fingerprint({ name, size, lastModified }) {
  return [name, size, lastModified].join("|");
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(NAME)) ?? [];
  } catch {
    return [];
  }
}

function write(uploads) {
  try {
    localStorage.setItem(NAME, JSON.stringify(uploads));
  } catch {
    // Full or forbidden: the upload works all the same, only not across a reload.
  }
}
