// Light or dark: as the system has it, until somebody chooses.

const button = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
let chosen = null;
try { chosen = localStorage.getItem("theme"); } catch { /* a browser without storage follows the system */ }
const apply = () => {
  const dark = (chosen ?? (system.matches ? "dark" : "light")) === "dark";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  button?.setAttribute("aria-pressed", String(dark));
};
button?.addEventListener("click", () => {
  chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try { localStorage.setItem("theme", chosen); } catch { /* it holds until the page is closed */ }
  apply();
});
system.addEventListener("change", apply);
apply();
