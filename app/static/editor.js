/* The text area as an editor: lists go on, words are counted, and pictures come in where the cursor is. */

import { Failure, transfer } from "./transfer.js";

const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;
const FENCE = /^ {0,3}(?:```|~~~)/gm;
const PICTURE = /!\[[^\]\n]*\]\([^)\n]*\)/g;
// Of one that was on its way when the page was left.
const LEFT = /(?:\n\n?)?!\[Uploading [^\]\n]*…\]\(\)/g;
const ITEM = /^(\s*)(?:([-*+])|(\d{1,9})([.)])|(>))\s+/;

class Editor {
  constructor(form) {
    this.form = form;
    this.area = form.elements.content;
    this.rules = JSON.parse(form.dataset.rules);
    this.count = form.querySelector(".word-count");
    this.button = form.querySelector("[data-act=picture]");
    this.state = form.querySelector(".picture-state");
    this.bar = form.querySelector(".bar progress");
    // A picture has its place in the text from the moment that it is chosen, and they are sent one after the other.
    this.waiting = [];
    this.button.hidden = false;
    if (LEFT.test(this.area.value)) this.area.value = this.area.value.replace(LEFT, "");
    this.listen();
    this.countWords();
  }

  listen() {
    for (const name of ["input", "change"]) this.form.addEventListener(name, () => this.countWords(), true);
    this.area.addEventListener("keydown", (event) => this.onKey(event));
    this.area.addEventListener("paste", (event) => this.onPaste(event));
    for (const name of ["dragover", "drop"]) this.area.addEventListener(name, (event) => this.onDrag(event));
    this.button.addEventListener("click", () => this.choose());
    this.form.addEventListener("submit", (event) => this.onSubmit(event));
    window.addEventListener("beforeunload", (event) => this.waiting.length && event.preventDefault());
  }

  countWords() {
    const words = (this.area.value.match(WORD) ?? []).length;
    this.count.textContent = `${words.toLocaleString("en")} ${words === 1 ? "word" : "words"}`;
  }

  /** Enter in a list begins its next item, and after an empty one ends it. */
  onKey(event) {
    const { selectionStart: at, selectionEnd: end, value } = this.area;
    if (event.key !== "Enter" || event.isComposing || at !== end) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const start = value.lastIndexOf("\n", at - 1) + 1;
    const found = ITEM.exec(value.slice(start, at));
    const isCode = (value.slice(0, start).match(FENCE) ?? []).length % 2;
    if (!found || isCode) return;
    event.preventDefault();
    const [mark, indent, bullet, number, after, quote] = found;
    if (value.slice(start + mark.length, at).trim()) {
      this.insert(`\n${indent}${bullet ?? quote ?? `${Number(number) + 1}${after}`} `);
    } else {
      // With an empty line, or what is typed next would go on in the item before.
      this.area.setSelectionRange(start, at);
      this.insert("\n");
    }
  }

  /** As if it had been typed, so that it can be undone. */
  insert(text) {
    this.area.focus();
    document.execCommand(text ? "insertText" : "delete", false, text);
  }

  onPaste(event) {
    const { files, types } = event.clipboardData;
    // Word processors add a picture of the text that they copy.
    if (!files.length || types.includes("text/plain")) return;
    this.take(event, files);
  }

  onDrag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    if (event.type === "dragover") {
      event.preventDefault();
      return;
    }
    const caret = document.caretPositionFromPoint?.(event.clientX, event.clientY);
    if (caret?.offsetNode === this.area) this.area.setSelectionRange(caret.offset, caret.offset);
    this.take(event, event.dataTransfer.files);
  }

  take(event, files) {
    event.preventDefault();
    event.stopPropagation();
    this.add(files);
  }

  choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.accept = this.rules.imageTypes.join(",");
    input.onchange = () => this.add(input.files);
    input.click();
  }

  add(files) {
    const problem = [...files].map((file) => this.problemOf(file)).find(Boolean);
    if (problem) {
      this.say(`Picture not added: ${problem}`);
      return;
    }
    const isIdle = !this.waiting.length;
    for (const file of files) {
      const lead = this.makeWay();
      const place = `${lead}![Uploading ${file.name.replace(/[[\]\\]/g, "")}…]()`;
      this.insert(place);
      this.waiting.push({ file, lead, place });
    }
    if (isIdle) this.sendAll();
  }

  /**
   * Moves the cursor past what is selected, which stays, and past a picture whose words it is in.
   * Returns what goes before another picture: at the end of a line that is a paragraph, within one it stands in the line.
   */
  makeWay() {
    const { selectionEnd, value } = this.area;
    const ends = [...value.matchAll(PICTURE)].map((found) => [found.index, found.index + found[0].length]);
    const at = ends.find(([start, end]) => start < selectionEnd && selectionEnd < end)?.[1] ?? selectionEnd;
    this.area.setSelectionRange(at, at);
    const before = value.slice(value.lastIndexOf("\n", at - 1) + 1, at);
    if (!before.trim()) return /\S[^\S\n]*\n[^\S\n]*$/.test(value.slice(0, at)) ? "\n" : "";
    const endsLine = !value.slice(at).split("\n", 1)[0].trim();
    return endsLine || ends.some(([, end]) => end === at) ? "\n\n" : "";
  }

  async sendAll() {
    let isDone = true;
    while (this.waiting.length) {
      const { file } = this.waiting[0];
      this.bar.value = 0;
      this.bar.hidden = false;
      this.say(`Uploading ${file.name}…`);
      isDone = (await this.send(this.waiting[0])) && isDone;
      this.waiting.shift();
    }
    this.bar.hidden = true;
    const { submitter } = this;
    this.submitter = null;
    if (submitter && isDone) this.form.requestSubmit(submitter);
  }

  async send({ file, lead, place }) {
    try {
      const { signal } = new AbortController();
      const onProgress = (sent) => (this.bar.value = (100 * sent) / file.size);
      const onWait = (words) => this.say(`Uploading ${file.name}… ${words}`.trim());
      const options = { partBytes: this.rules.partBytes, signal, onProgress, onWait, onReading: () => null };
      const { id } = await transfer(file, options);
      this.put(place, `${lead}![](/attachments/${id})`);
      this.say("Picture added. Write what it shows between the brackets.");
      return true;
    } catch (error) {
      this.put(place, "");
      const reason = error instanceof Failure ? error.message : "something unexpected happened.";
      const advice = error.status === 401 ? " Log in in another tab, then come back here and add it again." : "";
      this.say(`Picture not added: ${reason}${advice}`);
      return false;
    }
  }

  /** No click on Next or Save is lost: while a picture is sent it counts from the moment that this is done. */
  onSubmit(event) {
    if (!this.waiting.length) return;
    event.preventDefault();
    this.submitter = event.submitter;
    this.say("Goes on once the picture is there…");
  }

  problemOf({ type, size }) {
    const { imageTypes, maxImageBytes } = this.rules;
    if (!imageTypes.includes(type)) return "A JPEG, PNG, WebP or GIF is taken.";
    if (size > maxImageBytes) return `At most ${maxImageBytes / 1024 ** 2} MB are taken.`;
    return size ? "" : "This file is empty.";
  }

  /** The text in the place of the other, if that is still there, with the cursor where it was. */
  put(place, text) {
    const { activeElement } = document;
    const { selectionStart: from, selectionEnd: to, value } = this.area;
    const start = value.indexOf(place);
    if (start < 0) return;
    const end = start + place.length;
    const moved = (at) => (at >= end ? at - place.length + text.length : Math.min(at, start));
    this.area.setSelectionRange(start, end);
    this.insert(text);
    // Whoever still waits where the picture came in writes its alternative text next, which belongs in the brackets.
    const inside = start + text.indexOf("[") + 1;
    if (text && from === end && to === end) this.area.setSelectionRange(inside, inside);
    else this.area.setSelectionRange(moved(from), moved(to));
    activeElement.focus();
  }

  say(words) {
    this.state.textContent = words;
  }
}

for (const form of document.querySelectorAll("form[data-rules]")) new Editor(form);
