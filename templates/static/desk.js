// Comfort of the support desk's console: keys, and only the fields of the chosen way. Every page works without this file.
(() => {
  "use strict";
  let typed = false;
  document.addEventListener("input", (event) => { typed ||= Boolean(event.target.form); });
  const go = (path) => {
    if (typed) addEventListener("beforeunload", (event) => event.preventDefault(), { once: true }); // the browser asks
    location.assign(path);
  };
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
    if (store.on() && matchMedia("(min-width: 48rem)").matches) document.querySelectorAll(".member .acts [data-key]").forEach((act) => {
      const key = document.createElement("kbd");
      key.textContent = act.dataset.key;
      key.ariaHidden = true; // told as a shortcut
      act.setAttribute("aria-keyshortcuts", act.dataset.key);
      act.prepend(key);
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || dialog.open || !store.on()) return;
      if (event.key === "/") {
        const field = document.getElementById("q");
        event.preventDefault();
        if (field) field.focus(); else if (document.querySelector('.band a[href="/search"]')) go("/search");
      } else if (event.key === "q") {
        if (document.querySelector('.band a[href="/queue"]')) go("/queue");
      } else if (event.key === "j" || event.key === "k") {
        const rows = [...document.querySelectorAll(".queue > li, main .cards > li")];
        const now = rows.indexOf(event.target.closest(".queue > li, main .cards > li"));
        const next = rows[now < 0 ? 0 : now + (event.key === "j" ? 1 : -1)];
        next?.querySelector("a, button")?.focus();
      } else if (/^[thd]$/.test(event.key)) { // in the row that has the focus, or on the page of one matter
        const within = document.querySelector(".queue") ? event.target.closest(".queue > li") : document;
        within?.querySelector(`[data-key=${event.key}]`)?.click();
      } else if (/^[0-9]$/.test(event.key)) {
        document.querySelector(`.member .acts [data-key="${event.key}"]`)?.click();
      } else if (event.key === "v") {
        document.getElementById("verify")?.click();
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
  parts.forEach((part) => { part.querySelector("h2").hidden = true; }); // the chosen way says it
  if (parts.length) choose();
  if (document.getElementById("sent") && !document.querySelector(".summary")) document.getElementById("code").focus(); // unless hidden
})();
