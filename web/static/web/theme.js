"use strict";

// Before the first paint, so that a chosen theme does not flash; the button comes later.
(() => {
  const CHOICES = ["auto", "light", "dark"];
  const KEY = "theme";

  function stored() {
    try {
      const value = localStorage.getItem(KEY);
      return CHOICES.includes(value) ? value : "auto";
    } catch {
      return "auto"; // storage switched off
    }
  }

  function apply(choice) {
    if (choice === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
  }

  let choice = stored();
  apply(choice);

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const word = document.createElement("span");
    word.className = "theme-word";
    word.textContent = "Theme:";
    const label = () => {
      button.setAttribute("aria-label", `Theme: ${choice}`);
      button.replaceChildren(word, choice);
    };
    label();
    button.hidden = false;
    button.addEventListener("click", () => {
      choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
      apply(choice);
      label();
      try {
        localStorage.setItem(KEY, choice);
      } catch {
        // Without storage the choice holds for this page.
      }
      document.dispatchEvent(new Event("themechange"));
    });
  });
})();
