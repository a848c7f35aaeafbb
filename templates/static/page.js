// Comfort only: every page works without this file.
(() => {
  "use strict";
  const each = (selector, use) => document.querySelectorAll(selector).forEach(use);
  const make = (tag, props) => Object.assign(document.createElement(tag), props);

  // A refused form: the focus goes to the summary.
  document.getElementById("summary")?.focus();

  // One press is enough while its answer is on the way; the server bears more.
  const pressed = new WeakMap();
  addEventListener("submit", (event) => {
    const what = event.submitter?.matches("[data-stays]") ? event.submitter : event.target; // a download keeps the page
    if (performance.now() - pressed.get(what) < 5000) event.preventDefault();
    else pressed.set(what, performance.now());
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    each("form", (form) => pressed.delete(form));
    each(".reveal input, [id^=answer], #code", (input) => { input.value = ""; }); // not for whoever presses Back
    if (document.querySelector('a[href="/logout"]')) location.replace(location.pathname + location.search); // what a session showed may be over
  });

  // The answer for an app is handed over at once.
  document.getElementById("handover")?.submit();

  // Signed out: on to the app once the others have been told, at the latest after three seconds.
  const onward = document.querySelector("#onward a.primary");
  if (onward) {
    const frames = [...document.querySelectorAll("iframe.frame")];
    const go = () => location.replace(onward.href);
    Promise.all(frames.map((frame) => new Promise((done) => { frame.onload = frame.onerror = done; }))).then(go);
    setTimeout(go, 3000);
  }

  // A password can be shown; it is hidden again before it is sent.
  each(".reveal", (row) => {
    const input = row.querySelector("input");
    const text = row.dataset;
    const button = make("button", { type: "button", className: "show" });
    const word = make("span", {});
    const status = make("span", { className: "hidden" });
    status.setAttribute("role", "status");
    button.setAttribute("aria-controls", input.id);
    button.append(word, make("span", { className: "hidden", textContent: ` ${input.labels[0].firstChild.textContent}` }));
    const set = (shown) => {
      input.type = shown ? "text" : "password";
      word.textContent = shown ? text.hide : text.show;
    };
    button.addEventListener("click", () => {
      const shown = input.type === "password";
      set(shown);
      status.textContent = shown ? text.shown : text.hidden;
    });
    input.form.addEventListener("submit", () => set(false));
    set(false);
    row.append(button, status);
  });

  // Rules of a new password, told while typing; the server judges.
  each(".rules", (rules) => {
    const input = document.getElementById(rules.id.replace(/-rules$/, ""));
    const text = rules.dataset;
    const row = make("div", { className: "strength" });
    const meter = make("meter", { min: 0, max: 3, low: 1.5, high: 2.5, optimum: 3 });
    const word = make("span", {});
    const length = rules.querySelector("[data-rule=length]");
    meter.setAttribute("aria-hidden", "true");
    word.setAttribute("role", "status");
    row.append(meter, word);
    let timer;
    input.addEventListener("input", () => {
      const points = [...input.value.normalize("NFKC")];
      const long = points.length >= Number(text.min);
      const level = !points.length ? 0 : !long ? 1 : new Set(points).size < 8 || points.length < Number(text.min) + 4 ? 2 : 3;
      let mark = length.querySelector("b");
      if (!mark) length.append(" ", mark = make("b", {}));
      mark.className = long ? "met" : "unmet";
      mark.textContent = `(${long ? text.met : text.unmet})`;
      meter.value = level;
      if (!row.isConnected) rules.after(row);
      clearTimeout(timer); // spoken at most once in two seconds
      timer = setTimeout(() => { word.textContent = ["", text.weak, text.fair, text.good][level]; }, 2000);
    });
  });

  each("[data-copy]", (box) => {
    if (!navigator.clipboard) return;
    const { copy, copied } = box.dataset;
    const button = make("button", { type: "button", textContent: copy });
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(box.firstElementChild.textContent);
      button.textContent = copied;
      setTimeout(() => { button.textContent = copy; }, 2000);
    });
    box.append(button);
  });

  // What is longer than its field, as with large text, is told below it too. A screen reader reads it all anyway.
  const pen = make("canvas", {}).getContext("2d");
  each("input[type=email], #username, select", (field) => {
    const told = make("p", { className: "hint told", ariaHidden: "true" });
    const tell = () => {
      const { font, fontSize } = getComputedStyle(field);
      told.textContent = field.options ? field.selectedOptions[0]?.text : field.value;
      pen.font = font;
      told.hidden = !field.value || pen.measureText(told.textContent).width < field.clientWidth - 2 * parseFloat(fontSize);
    };
    field.after(told);
    field.addEventListener("input", tell);
    tell();
  });

  each("[data-print]", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });

  // A span of time in the page's words: minutes, as the server rounds them up, and seconds in the last one.
  const span = (seconds, { second, seconds: many, minute, minutes }) => {
    const long = seconds >= 60;
    const n = long ? Math.ceil(seconds / 60) : seconds;
    return n === 1 ? (long ? minute : second) : (long ? minutes : many).replace("2", n);
  };

  // Milliseconds since the page opened. The device's clock may be set back, and performance.now() may stand still while
  // the device sleeps: of each step the longer counts.
  let passed = 0, wall = Date.now(), steady = performance.now();
  const clock = () => {
    passed += Math.max(Date.now() - wall, performance.now() - steady);
    [wall, steady] = [Date.now(), performance.now()];
    return passed;
  };

  // A wait is counted down. It is spoken once, when the page opens, and again when it is over.
  each("[data-wait]", (line) => {
    const { dataset } = line;
    const over = clock() + dataset.wait * 1000;
    const timer = setInterval(() => {
      const left = Math.ceil((over - clock()) / 1000);
      line.parentElement.setAttribute("aria-live", left > 0 ? "off" : "polite");
      line.textContent = left > 0 ? dataset.text.replace("{time}", span(left, dataset)) : dataset.over;
      if (left <= 0) clearInterval(timer);
    }, 1000);
  });

  // A code may be pasted with spaces, or with its whole mail.
  each("#code", (input) => input.addEventListener("paste", () => setTimeout(() => {
    const sixes = input.value.match(/\b\d{6}\b/g);
    input.value = sixes?.length === 1 ? sixes[0] : input.value.replace(/\s/g, "");
  })));

  // Whether the device itself can make a passkey, which is then offered after a sign-in.
  each("[data-platform]", async (input) => {
    const can = await window.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable?.().catch(() => false);
    if (can) input.value = "yes";
  });

  // A passkey: the browser is asked, and what it answers is posted with the form.
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  each("[data-passkey]", (button) => {
    const { form, dataset } = button;
    const problem = document.getElementById("passkey-problem");
    document.getElementById("passkey-late")?.remove();
    if (!window.PublicKeyCredential) {
      each("#passkey-none", (note) => { note.hidden = false; });
      return;
    }
    button.hidden = false;
    each("#passkey-hint, #passkey-label", (part) => { part.hidden = false; });
    if (!form.querySelector("button:not([type])")) form.addEventListener("submit", (event) => { // Enter in its field
      event.preventDefault();
      button.click();
    });
    let asked, stop = () => {}, last = -Infinity; // the browser takes one request at a time
    const ask = async (how) => {
      stop();
      await asked;
      const abort = new AbortController();
      const { signal } = abort;
      stop = () => abort.abort();
      const answer = await fetch(dataset.options, { method: "POST", body: new URLSearchParams({ csrf: form.elements.csrf.value }), signal });
      if (!answer.ok) throw answer;
      const { publicKey } = await answer.json();
      publicKey.challenge = bytes(publicKey.challenge);
      if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
      for (const key of [...publicKey.allowCredentials ?? [], ...publicKey.excludeCredentials ?? []]) key.id = bytes(key.id);
      const made = await navigator.credentials[dataset.passkey]({ publicKey, signal, ...how });
      const response = {};
      for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
        if (made.response[name]) response[name] = text(made.response[name]);
      }
      response.transports = made.response.getTransports?.();
      form.elements.credential.value = JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} });
      if (form.elements.password) form.elements.password.value = "";
      form.submit();
    };
    button.addEventListener("click", async () => {
      problem.textContent = "";
      last = Infinity;
      try {
        await ask();
      } catch (error) {
        if (error.name === "AbortError") return; // a second press asks again
        last = -Infinity;
        problem.textContent = error.text ? new DOMParser().parseFromString(await error.text(), "text/html").querySelector(".lead").textContent // an error page
          : error.name === "InvalidStateError" ? dataset.duplicate : dataset.failed;
      }
    });
    // Where a passkey was used before, the browser offers it among the suggestions of the username's field.
    // What it answers to lasts for minutes.
    each("[data-suggest]", (input) => {
      const offer = async () => {
        const now = performance.now();
        if (now - last < 240000) return;
        last = now;
        if (await PublicKeyCredential.isConditionalMediationAvailable?.() && last === now) asked = ask({ mediation: "conditional" }).catch(() => {});
      };
      input.addEventListener("focus", offer);
      if (input.matches(":focus")) offer();
    });
  });

  // Before an idle session ends, the member is asked. How long it lasts is asked of the server, since
  // other tabs use it too, by an address that is no use of the session: nobody may be here.
  const dialog = document.getElementById("timeout");
  if (dialog?.showModal) {
    const text = dialog.dataset;
    const body = document.getElementById("timeout-body");
    const spoken = document.getElementById("timeout-spoken");
    const problem = document.getElementById("timeout-problem");
    const warning = 180;
    const again = 30;
    let end, asked, said, asking = false;
    const until = (seconds) => {
      end = clock() + seconds * 1000;
      problem.textContent = "";
    };
    until(Number(text.left));
    const say = (seconds) => span(seconds, text);
    const leave = () => { // and back, if the session of this page is open after all
      const from = new URLSearchParams(location.search);
      from.set("of", text.of);
      from.set("return", location.pathname);
      location.replace(`${text.base}/ended?${from}`);
    };
    const over = () => { // what somebody wrote is kept for them
      const written = [...document.querySelectorAll("[data-keep]")].find((field) => field.value.trim());
      if (!written) { location.replace(location.href); return; }
      written.form.append(make("input", { type: "hidden", name: "keep", value: "yes" }));
      written.form.submit();
    };
    const ask = async () => {
      asking = true;
      try {
        const answer = await fetch(`${text.base}/left`, { signal: AbortSignal.timeout(10000) });
        if (!answer.ok) throw new Error(answer.status);
        const { left, of } = await answer.json();
        if (!left) over(); // to sign in, and back
        else if (text.of && of !== text.of) leave();
        else until(left);
      } catch {
        if (end <= clock()) leave();
      }
      asked = clock();
      asking = false;
    };
    const stay = async () => {
      problem.textContent = "";
      const answer = await fetch(`${text.base}/alive`, { method: "POST", body: new URLSearchParams({ csrf: text.csrf }), signal: AbortSignal.timeout(10000) }).catch(() => {});
      if (answer?.ok && !answer.redirected) {
        dialog.close();
        until(Number(text.idle));
        spoken.textContent = text.kept;
      } else if (answer?.status < 500 && answer.status !== 429) { // over, or another's
        until(0);
      } else { // the page stays as it is until the end
        problem.textContent = text.offline;
      }
    };
    dialog.querySelector("[data-stay]").addEventListener("click", stay);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); stay(); });
    setInterval(() => {
      const left = Math.ceil((end - clock()) / 1000);
      if (left > warning) {
        asked = said = undefined;
        if (dialog.open) dialog.close();
        return;
      }
      if (asking) return;
      if (left <= 0 || !(clock() - asked < again * 1000)) { ask(); return; }
      if (!dialog.open) dialog.showModal();
      body.textContent = text.body.replace("{time}", say(left));
      const mark = [30, 60, 120, 180].find((mark) => left <= mark);
      if (mark !== said) spoken.textContent = text.spoken.replace("{time}", say(left));
      said = mark;
    }, 1000);
  }
})();
