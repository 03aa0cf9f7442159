/* The draft of a form, which the server keeps while one types. What the server cannot have, keep.js keeps here. */

const WORDS = ["title", "content", "tags"];
const REST = 1000;
const RETRY = 10_000;
const LONGEST_WAIT = 5000;
// Browsers send no more than 64 kB from a page that is left.
const MOST_WHEN_LEFT = 60_000;

class Draft {
  constructor(form) {
    this.form = form;
    this.state = form.querySelector(".save-state");
    this.line = form.querySelector(".draft-elsewhere");
    this.saved = this.text();
    const { draft } = form.dataset;
    if (draft) this.say(`Saved ${time(new Date(Number(draft)))}`);
    this.listen();
  }

  listen() {
    // keep.js fills the fields in, which does not bubble.
    for (const name of ["input", "change"]) this.form.addEventListener(name, () => this.onChange(), true);
    this.form.addEventListener("afresh", ({ detail }) => this.throwAway(detail));
    document.addEventListener("submit", (event) => this.onSubmit(event));
    document.addEventListener("visibilitychange", () => this.save());
    document.addEventListener("keydown", (event) => this.onKey(event));
    window.addEventListener("pagehide", () => this.save());
    window.addEventListener("pageshow", () => (this.isLeft = false));
    window.addEventListener("focus", () => this.save());
    window.addEventListener("online", () => this.save());
    window.addEventListener("offline", () => this.isDirty && this.fail("Offline.", "Kept in this browser."));
  }

  field(name) {
    return this.form.elements[name];
  }

  text() {
    const words = Object.fromEntries(WORDS.map((name) => [name, this.field(name).value]));
    return { ...words, attachment_id: Number(this.field("attachment_id").value) || null };
  }

  get isDirty() {
    const text = this.text();
    const isNothing = !Number(this.field("revision").value) && !WORDS.some((name) => text[name].trim());
    return !isNothing && !isSame(text, this.saved);
  }

  onChange() {
    this.wait(REST);
  }

  wait(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), milliseconds);
  }

  /** Keeps what stands in the form, one at a time. */
  async save() {
    clearTimeout(this.timer);
    if (this.isLeft || !this.isDirty) return;
    if (this.saving) {
      this.isToSaveAgain = true;
      return;
    }
    if (!navigator.onLine) {
      this.fail("Offline.", "Kept in this browser.");
      return;
    }
    this.saving = this.send();
    await this.saving;
    this.saving = null;
    if (this.isToSaveAgain) {
      this.isToSaveAgain = false;
      await this.save();
    }
  }

  async send() {
    const text = this.text();
    try {
      const answer = await this.put(text);
      if (answer.ok) await this.onSaved(text, await answer.json());
      else if (answer.status === 409) await this.onConflict();
      else await this.onRefused(answer);
    } catch {
      this.fail(navigator.onLine ? "Not saved: the blog cannot be reached." : "Offline.", "Kept in this browser.");
      this.wait(RETRY);
    }
    this.lastSent = text;
  }

  put(text) {
    const { blog } = this.form.dataset;
    const edit = blog ? { blog_id: Number(blog), version: Number(this.field("version").value) } : {};
    const body = JSON.stringify({ ...text, ...edit, revision: Number(this.field("revision").value) });
    return fetch(`/api/drafts/${this.field("key").value}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body,
      keepalive: new TextEncoder().encode(body).length < MOST_WHEN_LEFT,
      signal: AbortSignal.timeout(LONGEST_WAIT),
    });
  }

  async onSaved(text, { revision }) {
    this.saved = text;
    this.field("revision").value = revision;
    this.say(`Saved ${time(new Date())}`);
    // So that what the browser keeps knows it too.
    this.form.dispatchEvent(new Event("draft"));
  }

  /** It is what this page sent before, whose answer was lost; or another device's. Then this text has its own draft. */
  async onConflict() {
    const answer = await fetch(`/api/drafts/${this.field("key").value}`, { cache: "no-store" });
    const theirs = answer.ok ? await answer.json() : null;
    if (theirs && this.lastSent && isSame(theirs, this.lastSent)) {
      this.field("revision").value = theirs.revision;
    } else {
      this.field("key").value = newKey();
      this.field("revision").value = 0;
      this.line.hidden = false;
      this.line.querySelector("[role=status]").textContent =
        "This draft was changed elsewhere. Both texts are kept: this one, and the other among your drafts.";
    }
    this.form.dispatchEvent(new Event("draft"));
    this.isToSaveAgain = true;
  }

  async onRefused(answer) {
    if (answer.status === 401) {
      // If it was another tab that logged out, what keep.js had kept is gone.
      this.form.dispatchEvent(new Event("draft"));
      this.fail("Not saved: you are logged out.", "Your text is kept in this browser.");
      return;
    }
    const { error, fields } = await answer.json().catch(() => ({}));
    const reason = Object.values(fields ?? {})[0] ?? error ?? `the blog answered ${answer.status}`;
    this.fail(`Not saved: ${reason.replace(/[.]$/, "")}.`, "Kept in this browser.");
    if (answer.status === 429 || answer.status >= 500) this.wait(1000 * Number(answer.headers.get("Retry-After")) || RETRY);
  }

  async throwAway({ key, revision }) {
    clearTimeout(this.timer);
    this.saved = this.text();
    this.say("");
    if (!Number(revision)) return;
    await this.saving;
    this.saving = fetch(`/api/drafts/${key}`, { method: "DELETE", keepalive: true }).catch(() => null);
    await this.saving;
    this.saving = null;
    this.wait(0);
  }

  /** A save that is on its way is waited for: the form goes on from its revision. */
  async onSubmit(event) {
    if (event.target !== this.form || event.defaultPrevented) return;
    clearTimeout(this.timer);
    if (this.saving) {
      event.preventDefault();
      this.isToSaveAgain = false;
      await this.saving;
      this.isLeft = true;
      this.form.requestSubmit(event.submitter);
    }
    this.isLeft = true;
  }

  onKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    if (event.key === "s") {
      event.preventDefault();
      this.save();
    } else if (event.key === "Enter" && this.form.contains(event.target)) {
      event.preventDefault();
      this.form.requestSubmit(this.form.querySelector(".bar [type=submit]"));
    }
  }

  fail(problem, isKept) {
    // keep.js says so of the form.
    this.say("kept" in this.form.dataset ? `${problem} ${isKept}` : `${problem} Copy your text before you go on.`);
  }

  say(words) {
    if (this.state.textContent !== words) this.state.textContent = words;
  }
}

function isSame(one, other) {
  return [...WORDS, "attachment_id"].every((name) => one[name] === other[name]);
}

function time(moment) {
  return moment.toTimeString().slice(0, 5);
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

for (const form of document.querySelectorAll("form[data-draft-of]")) new Draft(form);
