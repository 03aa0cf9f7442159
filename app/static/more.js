/* A list that loads on: where its end comes into view, what its link to older ones leads to is put below it. */

let pager = document.querySelector("nav.pager");

async function loadOn(link) {
  pager.setAttribute("aria-busy", "true");
  const answer = await fetch(link.href);
  if (!answer.ok) throw new Error(answer.status);
  const more = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const row of more.querySelectorAll("main > .month, main > .card")) {
    if (!isNamedAlready(row)) pager.before(document.importNode(row, true));
  }
  const next = more.querySelector("nav.pager:has(.older)");
  const old = pager;
  if (next) {
    pager = document.importNode(next, true);
    watch();
  }
  old.replaceWith(...(next ? [pager] : []));
}

/** A month that began on the page before. */
function isNamedAlready(row) {
  const months = [...document.querySelectorAll("main > .month")];
  return row.matches(".month") && months.at(-1)?.textContent === row.textContent;
}

function watch() {
  const link = pager?.querySelector(".older");
  if (!link) return;
  const observer = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) return;
    observer.disconnect();
    // The link is still there for whoever is offline.
    loadOn(link).catch(() => pager.removeAttribute("aria-busy"));
  }, { rootMargin: "0px 0px 400px" });
  observer.observe(pager);
}

watch();
