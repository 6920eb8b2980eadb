// Keys, which the dialog of the layout lists: for lists, and for what is decided on a case.
"use strict";
(() => {
  if (document.querySelector("[data-refresh]")) setTimeout(() => location.reload(), 2000);
  document.querySelector(".bar [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  // Who comes back to a queue after some minutes sees it as it is, unless they have begun something.
  const shown = Date.now();
  document.addEventListener("visibilitychange", () => {
    const begun = [...document.querySelectorAll("main input:not([type=hidden]), main textarea")].some((e) => e.checked !== e.defaultChecked || e.value !== e.defaultValue);
    if (!document.hidden && !begun && document.querySelector("[data-fresh]") && Date.now() - shown > 300_000) location.reload();
  });
  for (const at of document.querySelectorAll("time[datetime]")) { // how long ago, where one points at a time
    const minutes = Math.round((Date.now() - Date.parse(at.dateTime)) / 60_000), far = Math.abs(minutes);
    const text = far < 60 ? `${far} min` : far < 2880 ? `${Math.floor(far / 60)} h` : `${Math.floor(far / 1440)} d`;
    at.title = minutes < 0 ? `in ${text}` : `${text} ago`;
  }
  const rows = [...document.querySelectorAll("tr[data-open]")];
  let at = -1;
  const go = (to) => {
    if (!rows.length) return;
    if (at >= 0) rows[at].classList.remove("at");
    at = Math.max(0, Math.min(rows.length - 1, to));
    rows[at].classList.add("at");
    rows[at].querySelector("a")?.focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  };
  const came = location.hash.length > 1 ? rows.findIndex((row) => row.id === location.hash.slice(1)) : -1;
  if (came >= 0) go(came);
  // What a decision needs is asked for before it is sent.
  for (const form of document.querySelectorAll("form:has(.when, [data-but])")) {
    const need = () => { for (const field of form.querySelectorAll("[data-required]")) field.required = getComputedStyle(field.closest(".when")).display !== "none"; for (const field of form.querySelectorAll("[data-but]")) field.required = !field.dataset.but.split(" ").includes(form.elements.kind.value); };
    form.addEventListener("change", need);
    need();
  }
  const decide = document.getElementById("decide");
  const choose = (kind) => {
    const select = decide?.elements.kind;
    if (![...(select?.options ?? [])].some((o) => o.value === kind)) return;
    select.value = kind;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    decide.scrollIntoView({ block: "nearest" });
    (decide.querySelector(":required") ?? decide.elements.reason).focus();
  };
  const decisions = { a: "acknowledged", s: "snoozed", e: "expected", c: "confirmed", d: "dismissed", g: "assigned" };
  const dialog = document.getElementById("keys"), on = document.getElementById("keyson");
  try { on.checked = localStorage.getItem("keys") !== "off"; } catch { /* nothing is kept here */ }
  on.addEventListener("change", () => { try { localStorage.setItem("keys", on.checked ? "on" : "off"); } catch { /* for this page alone */ } });
  document.getElementById("showkeys")?.addEventListener("click", () => dialog.showModal());
  document.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && e.target.form) { e.target.form.requestSubmit(); e.preventDefault(); return; }
    if (!on.checked || dialog.open) return;
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input:not([type=checkbox]), select, textarea")) return;
    switch (e.key) {
      case "j": go(at + 1); break;
      case "k": go(at - 1); break;
      case "Enter":
        if (at < 0 || e.target.closest("a, button, summary")) return;
        location.href = rows[at].dataset.open;
        break;
      case "x": { const box = at < 0 ? null : rows[at].querySelector("input[type=checkbox]"); if (box) box.checked = !box.checked; break; }
      case "X": {
        const boxes = [...document.querySelectorAll("tr[data-open] input[type=checkbox]")];
        const all = !boxes.every((b) => b.checked);
        for (const b of boxes) b.checked = all;
        break;
      }
      case "n": { const next = document.querySelector("[data-next]"); if (next) location.href = next.href; break; }
      case "/": document.querySelector("form.filters input, form.filters select")?.focus(); break;
      case "u": { const up = document.querySelector("[data-up]"); if (up) location.href = up.href; break; }
      case "?": dialog.showModal(); break;
      default:
        if (!decide || !(e.key in decisions)) return;
        choose(decisions[e.key]);
    }
    e.preventDefault();
  });
})();
