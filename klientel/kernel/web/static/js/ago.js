// Keeps "5 min. ago" true while the page stays open. The server wrote the first words.
import { language, say } from "./words.js";
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
function refresh() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (seconds < 0 || seconds > 6 * 3600) continue;
    if (seconds < 60) time.textContent = say("now");
    else if (seconds < 3600) time.textContent = new Intl.RelativeTimeFormat(language, { numeric: "always" }).format(-Math.floor(seconds / 60), "minute");
    else time.textContent = new Intl.RelativeTimeFormat(language, { numeric: "always" }).format(-Math.floor(seconds / 3600), "hour");
  }
}
setInterval(refresh, 60_000);
export const at = (moment) => clock.format(moment);
