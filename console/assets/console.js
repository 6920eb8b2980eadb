// Keys for lists: j and k move, Enter opens, x chooses a row and X all, n is the next case, u goes up, / goes to the first filter.
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
  document.addEventListener("keydown", (e) => {
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
      default: return;
    }
    e.preventDefault();
  });
})();
