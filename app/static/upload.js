/* The part of a form where a file is chosen, sent and seen. Its markup is in templates/blogs/_upload.html. */

import { Failure, transfer } from "./transfer.js";

class Upload {
  constructor(root) {
    this.root = root;
    this.rules = JSON.parse(root.dataset.rules);
    this.form = root.closest("form");
    this.input = root.querySelector("input[type=file]");
    this.attachment = root.querySelector("[name=attachment_id]");
    this.attached = this.attachment.value;
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
    this.attachment.onchange = () => this.showAttached();
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
    this.show(file, this.rules.imageTypes.includes(file.type) && URL.createObjectURL(file));
    this.send();
  }

  problemOf({ size, type }) {
    const { types, imageTypes, maxImageBytes, maxBytes } = this.rules;
    const limit = imageTypes.includes(type) ? maxImageBytes : maxBytes;
    if (!types.includes(type)) return "This kind of file is not taken. A JPEG, PNG, WebP or GIF is.";
    if (size > limit) return `This file has ${inWords(size)}; at most ${inWords(limit)} are taken.`;
    return size ? "" : "This file is empty.";
  }

  show({ name, size }, picture) {
    this.preview.hidden = !picture;
    if (picture) this.preview.src = picture;
    this.part(".file-name").textContent = name;
    this.part(".file-size").textContent = inWords(size);
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
        onWait: (words) => this.enter("uploading", "Uploading...", words),
      });
      if (controller.signal.aborted) return;
      this.attach(id);
      this.enter("done", "Upload successful!");
      this.saveIfAsked();
    } catch (error) {
      if (!controller.signal.aborted) this.fail(error);
    }
  }

  fail(error) {
    this.waitNoMore();
    const reason = error instanceof Failure ? error.message : `Something unexpected happened (${error.message}).`;
    // keep.js says so of the form.
    const isKept = "kept" in this.form.dataset;
    if (error.status === 401) {
      const kept = isKept ? " Your text is kept in this browser." : "";
      this.enter("logged-out", "Upload failed.", `${reason} Log in in another tab, then come back here and press Retry.${kept}`);
    } else {
      this.enter("failed", "Upload failed.", `${reason} You can also save without it${isKept ? ": your text is safe" : ""}.`);
    }
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
    this.attach("");
    this.hidePreview();
  }

  attach(id) {
    this.attached = this.attachment.value = id;
    this.attachment.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Shows the file that came back with a text. If it cannot be had, what is here stays. */
  async showAttached() {
    const { state } = this;
    const id = this.attachment.value;
    if (id === this.attached) return;
    const file = id ? await documentOf(id) : null;
    if (this.attachment.value !== id || this.state !== state) return;
    if (id && !file) {
      this.attachment.value = this.attached;
      this.enter(state, "The file that you added did not come back.", "Add it again, or save with what is here.");
      return;
    }
    this.attached = id;
    this.hidePreview();
    if (file) this.show({ name: file.filename, size: file.size }, file.width && `/attachments/${id}?w=${this.rules.previewWidth}`);
    this.enter(file ? "kept" : "empty");
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

/** The blog's document of the person's own file; null if there is none, or no answer. */
async function documentOf(id) {
  const answer = await fetch(`/api/attachments/${id}`).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

function inWords(bytes) {
  const unit = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 3);
  const value = bytes / 1024 ** unit;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })} ${["bytes", "kB", "MB", "GB"][unit]}`;
}

for (const root of document.querySelectorAll(".upload")) new Upload(root);
