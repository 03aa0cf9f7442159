/* A file's way straight to the store: declared to the blog, sent to the addresses that it signs, and finished. */

import * as memory from "./memory.js";

const ATTEMPTS = 5;
const FIRST_PAUSE = 500;
const LONGEST_WAIT = 60;
const AT_ONCE = 4;

/**
 * Why it failed, in words for the person. `again` says that the same request may well succeed later, `wait` in how many
 * seconds whoever asked too often may ask again.
 */
export class Failure extends Error {
  constructor(message, { status = 0, again = false, wait = Infinity } = {}) {
    super(message);
    this.status = status;
    this.again = again;
    this.wait = wait;
  }
}

/**
 * Answers the blog's document of the finished attachment.
 * A file larger than `partBytes` goes in parts, and goes on from those that arrived when it is chosen again.
 * `signal` ends it early; `onReading` and `onProgress` get the bytes read and sent so far, and `onWait` a sentence for
 * the person while the blog wants to be asked less often, an empty one when that is over.
 */
export async function transfer(file, options) {
  if (!globalThis.crypto?.subtle) {
    throw new Failure("Files can be sent only when this page is opened over https.");
  }
  return file.size > options.partBytes ? inParts(file, options) : whole(file, options);
}

async function whole(file, options) {
  const declared = await declare(file, base64(await digest(file)), options);
  await put(declared, file, options);
  return finish(declared.id, [], options);
}

async function inParts(file, options) {
  const upload = (await begunBefore(file, options)) ?? (await begin(file, options));
  try {
    await sendParts(file, upload, options);
    const attachment = await finish(upload.id, upload.checksums, options);
    memory.forget(file);
    return attachment;
  } catch (error) {
    // The blog's word is final, and wrong bytes mean that the file is not the one that was read.
    if (error instanceof Failure && (isFinal(error) || error.status === 400)) memory.forget(file);
    throw error;
  }
}

/** The upload of this file that was cut off, if the blog still knows it. */
async function begunBefore(file, options) {
  const begun = memory.recall(file);
  if (!begun) return null;
  try {
    const { state, parts = [] } = await ask(`/${begun.id}`, null, options);
    if (state === "ready") return null;
    const there = parts.filter(({ number, size }) => size === slice(file, number, options.partBytes).size);
    return { ...begun, there: new Set(there.map(({ number }) => number)) };
  } catch (error) {
    if (error instanceof Failure && isFinal(error)) return null;
    throw error;
  }
}

/** Whether the blog has refused for good; somebody who is logged out may log in and go on, or wait who was too often here. */
function isFinal({ again, status }) {
  return !again && status !== 401 && status !== 429;
}

async function begin(file, options) {
  const { partBytes, signal, onReading } = options;
  const digests = [];
  // One part at a time in memory; the checksum of all must be known before the first is sent.
  for (let start = 0; start < file.size; start += partBytes) {
    signal.throwIfAborted();
    digests.push(await digest(file.slice(start, start + partBytes)));
    onReading(Math.min(start + partBytes, file.size));
  }
  const { id } = await declare(file, `${base64(await digest(new Blob(digests)))}-${digests.length}`, options);
  const begun = { id, checksums: digests.map(base64) };
  memory.remember(file, begun);
  return { ...begun, there: new Set() };
}

async function sendParts(file, { id, checksums, there }, { partBytes, signal, onProgress, onWait }) {
  const sent = new Map();
  const stop = new AbortController();
  const any = { signal: AbortSignal.any([signal, stop.signal]), onWait };
  const tell = (number, bytes) => onProgress([...sent.set(number, bytes).values()].reduce((sum, each) => sum + each, 0));
  const sendOne = async (number) => {
    const body = slice(file, number, partBytes);
    await withRetries(async () => {
      const signed = await ask(`/${id}/parts`, { number, sha256: checksums[number - 1] }, any);
      await put(signed, body, { ...any, onProgress: (bytes) => tell(number, bytes) });
    }, any);
    tell(number, body.size);
  };
  for (const number of there) tell(number, slice(file, number, partBytes).size);
  const waiting = checksums.map((_, index) => index + 1).filter((number) => !there.has(number));
  const worker = async () => {
    while (waiting.length) await sendOne(waiting.shift());
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    stop.abort();
  }
}

function slice(file, number, partBytes) {
  return file.slice((number - 1) * partBytes, number * partBytes);
}

function declare(file, sha256, options) {
  const filename = file.name.replace(/\p{Cc}/gu, " ").slice(0, 255) || "file";
  return ask("", { filename, content_type: file.type, size: file.size, sha256 }, options);
}

function finish(id, parts, options) {
  return withRetries(() => ask(`/${id}/finish`, { parts }, options), options);
}

/** Sends the blog that JSON, or without any asks it, and answers its JSON. */
function ask(path, body, options) {
  return patiently(() => askOnce(path, body, options), options);
}

async function askOnce(path, body, { signal }) {
  let response, answer;
  try {
    response = await fetch(`/api/attachments${path}`, {
      method: body ? "POST" : "GET",
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
      signal,
    });
    // A good answer that breaks off tells nothing; a bad one may be anything, and its status says enough.
    answer = response.ok ? await response.json() : await response.json().catch(() => ({}));
  } catch (error) {
    throw signal.aborted ? error : new Failure("The blog cannot be reached: check your connection.", { again: true });
  }
  if (response.ok) return answer;
  const reason = Object.values(answer.fields ?? {})[0] ?? answer.error ?? `The blog answered ${response.status}`;
  const wait = waitOf(response.status, (name) => response.headers.get(name));
  throw new Failure(sentence(reason), { status: response.status, again: response.status >= 500, wait });
}

function waitOf(status, header) {
  return status === 429 ? Number(header("Retry-After")) || 1 : Infinity;
}

/** Replays a signed request word for word. XMLHttpRequest, because fetch does not tell how far an upload is. */
function put(signed, body, options) {
  return patiently(() => putOnce(signed, body, options), options);
}

function putOnce({ url, method, headers }, body, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => (request.status < 300 ? resolve() : reject(refusal(request)));
    request.onerror = () => reject(refusal(request));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}

const REFUSALS = {
  0: "The file store cannot be reached, or does not take files from this site: check your connection.",
  400: "What arrived is not what was sent.",
  403: "The permission to send the file has expired, or is for another file.",
  412: "This permission to send the file was used already.",
};

function refusal(request) {
  const { status } = request;
  const wait = waitOf(status, (name) => request.getResponseHeader(name));
  return new Failure(REFUSALS[status] ?? `The file store answered ${status}.`, { status, again: true, wait });
}

/** Asks again when the blog says that it may be, a few times. */
async function patiently(attempt, { signal, onWait }) {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt();
    } catch (error) {
      // Longer each time: parts that all waited the same would again be too many at once.
      const seconds = error.wait * 2 ** (number - 1);
      if (!(seconds <= LONGEST_WAIT) || number === ATTEMPTS) throw error;
      onWait(`The blog was asked too often: this goes on in ${seconds} second${seconds === 1 ? "" : "s"}.`);
      await pause(1000 * seconds, signal);
      onWait("");
    }
  }
}

/** Tries a few times, with growing pauses, what may succeed later. */
async function withRetries(attempt, { signal }) {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !error.again || number === ATTEMPTS) throw error;
      await pause(FIRST_PAUSE * 2 ** (number - 1), signal);
      await online(signal);
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** As long as there is no network at all, an attempt would only be wasted. */
function online(signal) {
  if (navigator.onLine) return null;
  return new Promise((resolve, reject) => {
    window.addEventListener("online", resolve, { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function digest(blob) {
  let bytes;
  try {
    bytes = await blob.arrayBuffer();
  } catch {
    throw new Failure("The file cannot be read: it may have changed. Choose it again.");
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
