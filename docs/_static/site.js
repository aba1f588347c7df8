"use strict";
// What the theme leaves to be done. Everything can be read without it.

// A button at each block of code that somebody can use as it stands. Conversations are shown, not typed.
function offerCopy(block) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.querySelector("pre").textContent.replace(/\n$/, ""));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  block.append(button);
}

document.addEventListener("DOMContentLoaded", () => {
  for (const block of document.querySelectorAll("div.highlight")) {
    if (navigator.clipboard && !/highlight-(text|none)/.test(block.parentElement.className)) offerCopy(block);
    const code = block.querySelector("pre");
    // Who has no mouse scrolls with the keys.
    if (code.scrollWidth > code.clientWidth) code.tabIndex = 0;
  }
  // For screen readers: names of the two lists beside the page, and of which level their headings are.
  for (const [selector, name] of [[".sidebar-drawer", "Pages"], [".toc-drawer", "On this page"]]) {
    document.querySelector(`aside${selector}`)?.setAttribute("aria-label", name);
  }
  for (const caption of document.querySelectorAll("p.caption[role=heading]")) caption.ariaLevel = "2";
});
