/* The part of a form where a file is chosen, sent and seen. Its markup is in templates/blogs/_upload.html. */

import { Failure, transfer } from "./transfer.js";

const SAVE_WITHOUT = "You can also save without it: your text is safe.";

class Upload {
  constructor(root) {
    this.root = root;
    this.rules = JSON.parse(root.dataset.rules);
    this.form = root.closest("form");
    this.input = root.querySelector("input[type=file]");
    this.attachment = root.querySelector("[name=attachment_id]");
    this.preview = root.querySelector(".preview");
    this.bar = root.querySelector("progress");
    this.status = root.querySelector(".upload-status");
    this.listen();
    this.enter(root.dataset.state);
    // A browser that comes back to the page may have kept the choice, and one that is slow had it before this script.
    if (this.isFree) this.choose(this.input.files[0]);
  }

  listen() {
    const acts = { cancel: () => this.cancel(), retry: () => this.send(), remove: () => this.remove() };
    for (const [name, act] of Object.entries(acts)) this.part(`[data-act=${name}]`).onclick = act;
    this.input.onchange = () => this.choose(this.input.files[0]);
    this.preview.onerror = () => this.hidePreview();
    this.form.addEventListener("submit", (event) => this.onSubmit(event));
    document.addEventListener("paste", (event) => this.onPaste(event));
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      document.addEventListener(name, (event) => this.onDrag(event));
    }
    window.addEventListener("beforeunload", (event) => {
      if (this.state === "uploading") event.preventDefault();
    });
  }

  part(selector) {
    return this.root.querySelector(selector);
  }

  get isFree() {
    return this.state === "empty" || this.state === "refused";
  }

  /** Shows that state and its words, and moves the focus on when what had it goes away. */
  enter(state, word = "", reason = "") {
    const hadFocus = this.root.contains(document.activeElement);
    this.state = this.root.dataset.state = state;
    for (const element of this.root.querySelectorAll("[data-when]")) {
      element.hidden = !element.dataset.when.split(" ").includes(state);
    }
    const strong = document.createElement("strong");
    strong.textContent = word;
    this.status.replaceChildren(...(word ? [strong, reason && ` ${reason}`] : []));
    if (hadFocus) [...this.root.querySelectorAll("button, input[type=file]")].find((each) => each.checkVisibility())?.focus();
  }

  choose(file) {
    if (!file) return;
    this.file = file;
    const problem = this.problemOf(file);
    this.input.value = "";
    if (problem) {
      this.enter("refused", "Upload failed.", problem);
      return;
    }
    this.show(file);
    this.send();
  }

  problemOf({ size, type }) {
    const { types, imageTypes, maxImageBytes, maxBytes } = this.rules;
    const limit = imageTypes.includes(type) ? maxImageBytes : maxBytes;
    if (!types.includes(type)) return "This kind of file is not taken. A JPEG, PNG, WebP or GIF is.";
    if (size > limit) return `This file has ${inWords(size)}; at most ${inWords(limit)} are taken.`;
    return size ? "" : "This file is empty.";
  }

  show(file) {
    const isImage = this.rules.imageTypes.includes(file.type);
    this.preview.hidden = !isImage;
    if (isImage) this.preview.src = URL.createObjectURL(file);
    this.part(".file-name").textContent = file.name;
    this.part(".file-size").textContent = inWords(file.size);
  }

  async send() {
    const controller = new AbortController();
    this.controller = controller;
    this.progress(0);
    this.enter("uploading", "Uploading...");
    try {
      const { id } = await transfer(this.file, {
        partBytes: this.rules.partBytes,
        signal: controller.signal,
        onReading: (read) => this.progress(read, "read"),
        onProgress: (sent) => this.progress(sent),
      });
      if (controller.signal.aborted) return;
      this.attachment.value = id;
      this.enter("done", "Upload successful!");
      this.saveIfAsked();
    } catch (error) {
      if (!controller.signal.aborted) this.fail(error);
    }
  }

  fail(error) {
    this.waitNoMore();
    const reason = error instanceof Failure ? error.message : `Something unexpected happened (${error.message}).`;
    this.enter("failed", "Upload failed.", `${reason} ${SAVE_WITHOUT}`);
  }

  progress(bytes, done = "") {
    const percentage = Math.min(Math.floor((100 * bytes) / this.file.size), 100);
    this.bar.value = percentage;
    this.part(".percentage").textContent = `${percentage}% ${done}`.trim();
  }

  cancel() {
    this.controller.abort();
    this.waitNoMore();
    this.forget();
    this.enter("empty", "Upload cancelled.");
  }

  remove() {
    this.forget();
    this.enter("empty", "Removed.");
  }

  forget() {
    this.attachment.value = "";
    this.hidePreview();
  }

  hidePreview() {
    this.preview.hidden = true;
    if (this.preview.src.startsWith("blob:")) URL.revokeObjectURL(this.preview.src);
    this.preview.removeAttribute("src");
  }

  /** No click on Save is lost: during an upload it counts from the moment that this is done. */
  onSubmit(event) {
    if (this.state !== "uploading" || !event.submitter?.hasAttribute("data-waits-for-upload")) return;
    event.preventDefault();
    if (this.waiting) return;
    this.waiting = event.submitter;
    this.label = this.waiting.textContent;
    this.waiting.textContent = "Saves after the upload…";
  }

  saveIfAsked() {
    const button = this.waiting;
    this.waitNoMore();
    if (button) this.form.requestSubmit(button);
  }

  waitNoMore() {
    if (this.waiting) this.waiting.textContent = this.label;
    this.waiting = null;
  }

  onPaste(event) {
    const { files, types } = event.clipboardData;
    // Word processors add a picture of the text that they copy: into a field goes the text.
    const isText = types.includes("text/plain") && event.target.matches("input, textarea");
    if (!files.length || isText || !this.isFree) return;
    event.preventDefault();
    this.choose(files[0]);
  }

  onDrag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    // Left to itself the browser would open the file in place of the page, and what was typed would be gone.
    event.preventDefault();
    this.root.classList.toggle("over", this.isFree && event.type === "dragover");
    if (event.type === "drop" && this.isFree) this.choose(event.dataTransfer.files[0]);
  }
}

function inWords(bytes) {
  const unit = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 3);
  const value = bytes / 1024 ** unit;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })} ${["bytes", "kB", "MB", "GB"][unit]}`;
}

for (const root of document.querySelectorAll(".upload")) new Upload(root);
