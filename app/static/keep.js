/* What a person types into a form stays in their browser until it is saved, and comes back to them alone. */

import * as texts from "./texts.js";

const UNSAVED = "There is text in this browser that you have not saved. Logging out removes it from here; your drafts stay.";
const BACK = "Your text is back.";
const BACK_LATE = "Your text is back. The blog was changed meanwhile: when you save, you see both first.";

// The server gives a form these anew each time.
const UNTYPED = ["version", "key", "revision"];

const { user } = document.body.dataset;

/** A form with `data-keep`. With `data-typed` too, it shows what was typed already, and not what is saved. */
class KeptForm {
  constructor(form) {
    this.form = form;
    this.address = new URL(form.action).pathname;
    this.fields = [...form.querySelectorAll("[name]:not(button)")];
    this.sent = this.read("defaultValue");
    this.id = texts.newId();
    this.line = form.querySelector(".text-back");
    form.addEventListener("input", () => this.onInput());
    form.addEventListener("submit", () => this.keep());
    // The server has it too, and said under which revision.
    form.addEventListener("draft", () => this.keep());
    this.line?.querySelector("[data-act=afresh]")?.addEventListener("click", () => this.startAfresh());
    this.line?.querySelector("[data-act=undo]")?.addEventListener("click", () => this.undo());
    this.showsTyped = "typed" in form.dataset;
    if (this.showsTyped) this.goOn();
    else this.giveBack();
  }

  read(property = "value") {
    return Object.fromEntries(this.fields.map((field) => [field.name, field[property]]));
  }

  keep() {
    const values = this.read();
    const isNothing = !this.showsTyped && this.isAsSent(values);
    if (isNothing) texts.forget(this.id);
    this.isKept = !isNothing && texts.keep({ id: this.id, user, address: this.address, values });
  }

  /** What the form's other scripts may promise. */
  set isKept(isKept) {
    this.form.toggleAttribute("data-kept", isKept);
  }

  isAsSent(values) {
    return Object.entries(this.sent).every(([name, value]) => UNTYPED.includes(name) || (values[name] ?? value) === value);
  }

  /** The text came here by its own form, perhaps from another address: that of a blog which is gone. */
  goOn() {
    const text = texts.own();
    if (text?.user !== user || text.values.content !== this.read().content) return;
    this.id = text.id;
    const { key, revision } = this.read();
    this.isKept = texts.keep({ ...text, address: this.address, values: { ...text.values, key, revision } });
  }

  giveBack() {
    const text = mine(this.address, (each) => this.isNewer(each));
    // A browser that comes back to the page may have filled in a part of it.
    const isUntouched = ({ name, value }) => value === this.sent[name] || value === text.values[name];
    if (!text || !this.fields.every(isUntouched)) return;
    this.id = text.id;
    if (this.isAsSent(text.values)) {
      texts.forget(text.id);
      return;
    }
    this.fill(text.values);
    this.keep();
    // With the version that the text was typed on, a save meets what was saved since.
    this.say(text.values.version === this.sent.version ? BACK : BACK_LATE, "afresh");
  }

  /** Than the draft that the server shows. An address that names a draft is for that one alone. */
  isNewer({ at, values: { key, revision = 0 } }) {
    const { draft } = this.form.dataset;
    const isOfThis = !key || key === this.sent.key;
    const asked = new URLSearchParams(location.search);
    if (!isOfThis && (asked.has("draft") || asked.has("saved"))) return false;
    return !draft || (isOfThis && Number(revision) >= Number(this.sent.revision)) || at > Number(draft);
  }

  fill(values) {
    for (const field of this.fields.filter(({ name }) => name in values)) {
      field.value = values[field.name];
      field.dispatchEvent(new Event("change"));
    }
  }

  startAfresh() {
    this.before = this.read();
    texts.forget(this.id);
    // What is typed from now on is another text; this one may still be open in another tab.
    this.id = texts.newId();
    this.fill(this.sent);
    this.keep();
    this.form.dispatchEvent(new CustomEvent("afresh", { detail: this.before }));
    this.say("Your text was discarded.", "undo");
  }

  undo() {
    this.fill(this.before);
    this.before = null;
    this.keep();
    this.say(BACK, "afresh");
  }

  onInput() {
    this.keep();
    if (this.before) this.line.hidden = true;
  }

  say(words, act) {
    // Where the server brought the draft, it said so.
    if (!this.line?.querySelector("button")) return;
    const hadFocus = this.line.contains(document.activeElement);
    this.line.hidden = false;
    this.line.querySelector("[role=status]").textContent = words;
    for (const button of this.line.querySelectorAll("button")) {
      button.hidden = button.dataset.act !== act;
      if (hadFocus && !button.hidden) button.focus();
    }
  }
}

/** This tab's own text of that form, or else the newest. */
function mine(address, isWanted = () => true) {
  return [texts.own(), ...texts.all()].find((text) => text?.user === user && text.address === address && isWanted(text));
}

/** A save ends in one redirect away from its form; a login takes more, and a refusal stays at the form's address. */
function forgetWhatIsSaved() {
  const text = texts.own();
  const [arrival] = performance.getEntriesByType("navigation");
  const from = document.referrer.split("?")[0];
  if (text && arrival?.redirectCount === 1 && from === location.origin + text.address) texts.forget(text.id);
}

/** The page of an error says what is true: whether this browser has what was typed into the form of its address. */
function tellWhatIsKept() {
  const elsewhere = document.querySelector("a[data-takes-text]");
  const text = elsewhere ? mine(location.pathname) : texts.own();
  const isKept = text?.address === location.pathname;
  for (const words of document.querySelectorAll("[data-if-kept]")) words.hidden = isKept !== (words.dataset.ifKept === "yes");
  elsewhere?.addEventListener("click", () => texts.keep({ ...text, address: elsewhere.pathname }));
}

/** Who logs out may leave the computer to somebody else. Who is logged out has not said so, and keeps the text. */
function onLogout(event) {
  const unsaved = texts.all().filter((text) => text.user === user);
  if (unsaved.length && !confirm(UNSAVED)) event.preventDefault();
  else for (const { id } of unsaved) texts.forget(id);
}

function forgetDraft({ dataset: { forgets } }) {
  for (const { id } of texts.all().filter((text) => text.user === user && text.values.key === forgets)) texts.forget(id);
}

forgetWhatIsSaved();
tellWhatIsKept();
document.querySelector("a[href='/auth/logout']")?.addEventListener("click", onLogout);
document.querySelector("form[action='/auth/logout']")?.addEventListener("submit", onLogout);
// By then the form's other scripts have seen it, and follow what changes.
document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form[data-keep]")) new KeptForm(form);
  for (const form of document.querySelectorAll("form[data-forgets]")) form.addEventListener("submit", () => forgetDraft(form));
});
