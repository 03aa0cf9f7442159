/* The text area as an editor: lists go on, words are counted, and pictures come in where the cursor is. */

import { Failure, transfer } from "./transfer.js";

const WORD = /[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu;
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
    this.button.hidden = false;
    this.listen();
    this.countWords();
  }

  listen() {
    for (const name of ["input", "change"]) this.form.addEventListener(name, () => this.countWords(), true);
    this.area.addEventListener("keydown", (event) => this.onKey(event));
    this.area.addEventListener("paste", (event) => this.onPaste(event));
    for (const name of ["dragover", "drop"]) this.area.addEventListener(name, (event) => this.onDrag(event));
    this.button.addEventListener("click", () => this.choose());
    window.addEventListener("beforeunload", (event) => this.isSending && event.preventDefault());
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
    if (!found) return;
    event.preventDefault();
    const [mark, indent, bullet, number, after, quote] = found;
    if (value.slice(start + mark.length, at).trim()) {
      this.insert(`\n${indent}${bullet ?? quote ?? `${Number(number) + 1}${after}`} `);
    } else {
      this.area.setSelectionRange(start, at);
      this.insert("");
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
    this.take(event, files[0]);
  }

  onDrag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    if (event.type === "drop") this.take(event, event.dataTransfer.files[0]);
    else event.preventDefault();
  }

  take(event, file) {
    event.preventDefault();
    event.stopPropagation();
    this.send(file);
  }

  choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = this.rules.imageTypes.join(",");
    input.onchange = () => this.send(input.files[0]);
    input.click();
  }

  async send(file) {
    if (this.isSending) {
      this.say("Wait until the picture before it is there, then add this one.");
      return;
    }
    const problem = this.problemOf(file);
    if (problem) {
      this.say(`Picture not added: ${problem}`);
      return;
    }
    this.begin(`Uploading ${file.name}…`);
    try {
      const { signal } = new AbortController();
      const onProgress = (sent) => (this.bar.value = (100 * sent) / file.size);
      const { id } = await transfer(file, { partBytes: this.rules.partBytes, signal, onProgress, onReading: () => null });
      this.place(id);
      this.end("Picture added. Write what it shows between the brackets.");
    } catch (error) {
      this.end(`Picture not added: ${error instanceof Failure ? error.message : "something unexpected happened."}`);
    }
  }

  problemOf({ type, size }) {
    const { imageTypes, maxImageBytes } = this.rules;
    if (!imageTypes.includes(type)) return "A JPEG, PNG, WebP or GIF is taken.";
    if (size > maxImageBytes) return `At most ${maxImageBytes / 1024 ** 2} MB are taken.`;
    return size ? "" : "This file is empty.";
  }

  begin(words) {
    this.isSending = this.button.disabled = true;
    this.bar.value = 0;
    this.bar.hidden = false;
    this.say(words);
  }

  end(words) {
    this.isSending = this.button.disabled = false;
    this.bar.hidden = true;
    this.say(words);
  }

  /** With the cursor between the brackets, where the alternative text belongs. */
  place(id) {
    this.insert(`![](/attachments/${id})`);
    const at = this.area.selectionEnd - `](/attachments/${id})`.length;
    this.area.setSelectionRange(at, at);
  }

  say(words) {
    this.state.textContent = words;
  }
}

for (const form of document.querySelectorAll("form[data-rules]")) new Editor(form);
