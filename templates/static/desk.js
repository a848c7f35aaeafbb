// Comfort of the support desk's console: keys, and only the fields of the chosen way. Every page works without this file.
(() => {
  "use strict";
  const store = { on: () => localStorage.getItem("desk-keys") !== "off", set: (on) => localStorage.setItem("desk-keys", on ? "on" : "off") };
  const dialog = document.getElementById("keys");
  if (dialog?.showModal) {
    const box = document.getElementById("keys-on");
    const show = document.getElementById("keys-show");
    box.checked = store.on();
    box.addEventListener("change", () => store.set(box.checked));
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    show.hidden = false;
    show.addEventListener("click", () => dialog.showModal());
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || dialog.open || !store.on()) return;
      if (event.key === "/") {
        const field = document.getElementById("q");
        event.preventDefault();
        if (field) field.focus(); else if (document.querySelector('.band a[href="/search"]')) location.assign("/search");
      } else if (event.key === "q") {
        if (document.querySelector('.band a[href="/queue"]')) location.assign("/queue");
      } else if (event.key === "j" || event.key === "k") {
        const rows = [...document.querySelectorAll(".queue > li")];
        const now = rows.indexOf(event.target.closest(".queue > li"));
        const next = rows[now < 0 ? 0 : now + (event.key === "j" ? 1 : -1)];
        next?.querySelector("a").focus();
      } else if (/^[thd]$/.test(event.key)) { // in the row that has the focus, or on the page of one matter
        const within = document.querySelector(".queue") ? event.target.closest(".queue > li") : document;
        within?.querySelector(`[data-key=${event.key}]`)?.click();
      } else if (event.key === "?") {
        event.preventDefault();
        dialog.showModal();
      }
    });
  }
  const parts = document.querySelectorAll("[data-method]");
  const choose = () => {
    const chosen = document.querySelector("input[name=method]:checked")?.value;
    parts.forEach((part) => { part.hidden = part.dataset.method !== chosen; });
  };
  document.querySelectorAll("input[name=method]").forEach((radio) => radio.addEventListener("change", choose));
  if (parts.length) choose();
})();
