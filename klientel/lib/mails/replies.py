"""What somebody wrote in an answer, apart from what they quote and from their signature (plain text)."""

import re

MOST_LINES = 5000

_DAYTIME = r"[^\n]{0,40}\d{1,4}[^\n]{0,160}"
#: lines with which programs announce what they quote, in the languages of our customers and their partners
_INTRODUCED = re.compile(
    r"^\s*(?:>*\s*)*(?:"
    rf"(?:On|Am|Le|Il|El|Em|Op|Den|På|Dne|Dnia|W dniu|Pada|Στις|Vào|U|Dana|V|La data|Tarih)\b{_DAYTIME}[:：]?"
    rf"|{_DAYTIME}(?:schrieb|wrote|écrit|ha scritto|escribió|escreveu|schreef|skrev|napsal|napisał|kirjoitti|написал|"
    r"yazdı|írta|写道|写到|작성)[^\n]{0,120}:?"
    rf"|{_DAYTIME}<[^<>\s]+@[^<>\s]+>\s*:?"
    r"|[^\n]{0,80}<\|?[^<>\s]{1,80}@[^<>\s]{1,120}>\|?>?\s*\w[^\n]{0,90}:"
    r"|\d{1,4}[-./ ][^\n]{0,200}:"
    r")\s*$",
    re.IGNORECASE,
)
_ENDS = (":", "：", ">")
_VERB = re.compile(
    r"(?:schrieb|wrote|écrit|scritto|escribió|escreveu|schreef|skrev|napsal|napisał|kirjoitti|написа|yazdı|írta|写道|"
    r"写到|작성|έγραψε|пише|a scris|napisao|kirjutas|skrifaði|viết|menulis|geschreven|egin)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<?[^<>\s]{1,80}@[^<>\s]{1,200}>?")
_RULE = re.compile(
    r"^\s*[-_*=>]{2,}\s*(?:Original Message|Original Appointment|Ursprüngliche Nachricht|Original-Nachricht|"
    r"Originalnachricht|Weitergeleitete Nachricht|Weitergeleitete E-Mail|Forwarded Message|Forwarded message|"
    r"Message d'origine|Message original|Messaggio originale|Mensaje original|Oorspronkelijk bericht|"
    r"Original message|Reply message|Antwort|Urspr\. Mitteilung)[^\n]{0,40}$|^\s*_{20,}\s*$",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^\s*\**\s*(?:From|Von|De|Da|Van|Fra|Från|Od|Sent|Gesendet|Envoyé|Inviato|Enviado|Verzonden|Date|Datum|To|An|À|"
    r"Para|Aan|Subject|Betreff|Objet|Oggetto|Asunto|Onderwerp|Cc|Kopie)\s*\**\s*:\s*\S",
    re.IGNORECASE,
)
_SENDER = re.compile(r"^\s*\**\s*(?:From|Von|De|Da|Van|Fra|Från|Od)\s*\**\s*:", re.IGNORECASE)
_SIGNATURE = re.compile(r"^(?:-- ?|—|--\s*\xa0?|_{3,10}|-{3,10})$")
_SENT_FROM = re.compile(
    r"^\s*(?:\*?(?:Von meinem|Gesendet (?:von|mit)|Diese Nachricht wurde von|Sent (?:from|via|with|using)|Get Outlook|"
    r"Hol dir Outlook|Outlook für|Envoyé (?:de|depuis)|Inviato da|Enviado desde|Verstuurd vanaf|Skickat från))\b"
    r"[^\n]{0,100}$",
    re.IGNORECASE,
)
#: how a line begins that one of the expressions above may fit
_BEGINNING = re.compile(
    r"\s*(?:[-_*=>—]|Von|Gesendet|Diese|Sent|Get|Hol|Outlook|Envoyé|Inviato|Enviado|Verstuurd|Skickat|From|De|Da|Van|Fra|"
    r"Från|Od)",
    re.IGNORECASE,
)


def apart(text: str) -> tuple[str, str]:
    """What was written, and what is quoted or signed below it. Answers between quoted lines stay as they are."""
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MOST_LINES:
        return text.strip(), ""
    end = _end_of_answer(lines)
    written = lines[:end]
    while written and not written[-1].strip():
        written.pop()
    if not written:
        return text.strip(), ""
    return "\n".join(written).strip("\n"), "\n".join(lines[len(written) :]).strip("\n")


def _end_of_answer(lines: list[str]) -> int:
    """The line on which quotation or signature begins, and after which nobody writes any more."""
    ends = [line.rstrip().endswith(_ENDS) for line in lines]
    for n, line in enumerate(lines):
        announced = True in ends[n : n + 3]
        if not announced and not _BEGINNING.match(line):
            continue
        if n and _SENT_FROM.match(line) and not _more_is_written(lines, n + 1):
            return n
        if n and _SIGNATURE.match(line.rstrip("\r")) and not _more_is_written(lines, len(lines)):
            return n
        if _RULE.match(line) or _heads(lines, n):
            return n
        length = _introduces(lines, n) if announced else 0
        if length and not _written_between(lines, n + length):
            return n
        if line.lstrip().startswith(">") and not _written_between(lines, n):
            return n
    return len(lines)


def _heads(lines: list[str], n: int) -> bool:
    """Whether the header of a quoted mail begins here, as Outlook writes it."""
    if not _SENDER.match(lines[n]):
        return False
    near = [line for line in lines[n + 1 : n + 9] if line.strip()][:4]
    return sum(bool(_HEAD.match(line)) for line in near) >= 2


def _introduces(lines: list[str], n: int) -> int:
    """How many lines announce a quotation from here on; 0 where none does."""
    if not lines[n].strip() or lines[n].lstrip().startswith(">"):
        return 0
    for length in (1, 2, 3):
        if _announces(lines, n, length):
            shorter = any(_announces(lines, n + more, length - more) for more in range(1, length))
            return 0 if shorter else length  # else what stands above it was written
    return 0


def _announces(lines: list[str], n: int, length: int) -> bool:
    joined = " ".join(line.strip() for line in lines[n : n + length])
    if len(joined) > 400 or not joined.rstrip().endswith(_ENDS):
        return False
    said = _VERB.search(joined) or _ADDRESS.search(joined)
    return bool(said and _INTRODUCED.match(joined))


def _written_between(lines: list[str], n: int) -> bool:
    """Whether something of one's own stands below quoted lines: then the answer goes between them."""
    seen = False
    for line in lines[n:]:
        text = line.strip()
        if text.startswith((">", "|")):
            seen = True
        elif text and seen and not _SENT_FROM.match(line):
            return not _SIGNATURE.match(text)
    return False


def _more_is_written(lines: list[str], n: int) -> bool:
    """Whether something of one's own follows the line "sent from my phone" that stands above a quotation."""
    for m in range(n, len(lines)):
        text = lines[m].strip()
        if not text:
            continue
        return not (text.startswith(">") or _RULE.match(lines[m]) or _heads(lines, m) or _introduces(lines, m))
    return False
