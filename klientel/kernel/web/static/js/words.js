// Sentences in the language of the page, and their placeholders.
const found = document.getElementById("words");
const words = found ? JSON.parse(found.textContent) : {};
export const say = (key, values = {}) => (words[key] ?? key).replace(/%([a-z]+)/g, (m, name) => values[name] ?? m);
export const language = document.documentElement.lang || "en";
export const count = (n) => new Intl.NumberFormat(language).format(n);
