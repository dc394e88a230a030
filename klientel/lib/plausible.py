"""Whether a value that is well formed can be right: hints, never refusals. No look-up anywhere outside.

Sources: the forms of postcodes are those of the Universal Postal Union's addressing sheets for DE, AT, CH and LI; the
first digits of German routing regions, Austrian and Swiss postcodes and the towns in them are general knowledge,
written down here by hand (no postcode file is shipped); a test holds them against all postcodes. A town that is not
listed is never doubted.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import OSA
from stdnum import iban
from stdnum.exceptions import ValidationError

from klientel.lib.bank import read_vat
from klientel.lib.sentences import Unreadable
from klientel.lib.words import fold

#: where most private mail of the region goes; what is nearly one of these is probably meant to be it
DOMAINS = (
    "gmail.com", "googlemail.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "t-online.de", "outlook.com",
    "outlook.de", "hotmail.com", "hotmail.de", "live.de", "live.com", "yahoo.com", "yahoo.de", "icloud.com", "me.com",
    "freenet.de", "arcor.de", "posteo.de", "mailbox.org", "vodafone.de", "aol.com", "bluewin.ch", "hispeed.ch",
    "aon.at", "chello.at", "protonmail.com", "proton.me",
)  # fmt: skip
#: real domains that lie near one of those
REAL = frozenset((
    "mail.com", "gmx.com", "gmx.eu", "gmx.info", "email.de", "mail.de", "ymail.com", "live.at", "live.ch", "mac.com",
    "yahoo.fr", "yahoo.it", "yahoo.es", "yahoo.at", "outlook.at", "hotmail.fr", "hotmail.it", "hotmail.ch",
    "hotmail.at", "web.at", "web.ch", "aon.com", "aol.de", "tmail.com", "email.com", "freenet.at", "icloud.de",
    "gmail.de",
))  # fmt: skip

_FORMS = {"DE": r"(?!00)\d{5}", "AT": r"[1-9]\d{3}", "CH": r"[1-9]\d{3}", "LI": r"94(8[5-9]|9[0-8])"}
#: towns and how their postcodes begin, folded; where several places bear one name, those of all of them
_LISTED = {
    "DE": """
berlin 10 11 12 13 14; hamburg 20 21 22; munchen 80 81 85; koln 50 51; frankfurt am main 60 65; stuttgart 70;
dusseldorf 40; leipzig 04; dortmund 44; essen 45; bremen 28 27; dresden 01; hannover 30; nurnberg 90; duisburg 47;
bochum 44; wuppertal 42; bielefeld 33; bonn 53; munster 48 29 64 86; karlsruhe 76; mannheim 68; augsburg 86;
wiesbaden 65 55; monchengladbach 41; gelsenkirchen 45; aachen 52; braunschweig 38; chemnitz 09; kiel 24; halle saale
06; magdeburg 39; freiburg im breisgau 79; krefeld 47; mainz 55; lubeck 23; erfurt 99; oberhausen 46 55 76 82 86;
rostock 18; kassel 34; hagen 58 24 25; potsdam 14; saarbrucken 66; ludwigshafen am rhein 67; leverkusen 51;
osnabruck 49; solingen 42; heidelberg 69; darmstadt 64; regensburg 93; ingolstadt 85; wurzburg 97; wolfsburg 38; ulm
89; heilbronn 74; gottingen 37; pforzheim 75; recklinghausen 45; bremerhaven 27; koblenz 56; jena 07; trier 54;
siegen 57; cottbus 03; flensburg 24; schwerin 19 15; konstanz 78; passau 94; reutlingen 72; bergisch gladbach 51;
remscheid 42; mors 47; salzgitter 38; gutersloh 33; hildesheim 31; kaiserslautern 67; erlangen 91; furth 90 64 84;
witten 58; esslingen am neckar 73; hanau 63; ludwigsburg 71; tubingen 72; duren 52; ratingen 40; lunen 44; marl 45
49; dessau rosslau 06; villingen schwenningen 78; velbert 42; minden 32 54; worms 67; norderstedt 22; neumunster 24;
bamberg 96; delmenhorst 27; viersen 41; marburg 35; rheine 48; luneburg 21; wilhelmshaven 26; gladbeck 45; dorsten
46; detmold 32; arnsberg 59; castrop rauxel 44; bocholt 46; ludenscheid 58; bayreuth 95; giessen 35; gorlitz 02;
zwickau 08; plaun 08; brandenburg an der havel 14; neubrandenburg 17; stralsund 18; greifswald 17; wismar 23; gera
07; weimar 99 35; gotha 99; eisenach 99 54; suhl 98; nordhausen 99; halberstadt 38; stendal 39; wittenberg 06;
dinslaken 46; aschaffenburg 63; landshut 84; kempten allgau 87; rosenheim 83 57; neu ulm 89; schweinfurt 97;
friedrichshafen 88; ravensburg 88; offenburg 77; sindelfingen 71; boblingen 71; goppingen 73; schwabisch gmund 73;
aalen 73; baden baden 76; rastatt 76; bruchsal 76; weinheim 69; singen 78; lorrach 79; emden 26 39; oldenburg 26 23;
celle 29; cuxhaven 27; hameln 31; wolfenbuttel 38; goslar 38; peine 31; lingen 49; nordhorn 48; herne 44; hamm 59 57
54 67; hurth 50; troisdorf 53; siegburg 53; kerpen 50 54; dormagen 41; grevenbroich 41; bergheim 50 86; euskirchen
53; paderborn 33; herford 32; lippstadt 59; unna 59; iserlohn 58; menden 58; wesel 46; willich 47; pulheim 50;
langenfeld 40 56 91; meerbusch 40; hilden 40; ahlen 59; ibbenburen 49; sost 59; gummersbach 51; bad homburg vor der
hohe 61; offenbach am main 63; russelsheim am main 65; fulda 36; wetzlar 35; limburg an der lahn 65; neuwied 56; bad
kreuznach 55; speyer 67; landau in der pfalz 76; pirmasens 66; zweibrucken 66; homburg 66; volklingen 66; elmshorn
25; pinneberg 25; itzeho 25; bautzen 02; freiberg 09; riesa 01; pirna 01; radebeul 01; oranienburg 16; eberswalde
16; furstenwalde 15; frankfurt oder 15; ansbach 91; straubing 94; hof 95 56; coburg 96; memmingen 87; kaufbeuren 87;
weiden 92 55; amberg 92 86; freising 85; dachau 85; erding 85; furstenfeldbruck 82; germering 82; garmisch
partenkirchen 82
""",
    "AT": """
wien 1 2; graz 80 81; linz 40 95; salzburg 50 53; innsbruck 60; klagenfurt 90; villach 95; wels 46 93; st polten 31
33; dornbirn 68; bregenz 69; eisenstadt 70; steyr 44; wiener neustadt 27; feldkirch 68; wolfsberg 94 33 35; leoben
87 98; krems an der donau 35; traun 40 46; amstetten 33; kapfenberg 86; lustenau 68; hallein 54; kufstein 63;
traiskirchen 25; modling 23; schwechat 23; braunau am inn 52; saalfelden am steinernen meer 57; hohenems 68; spittal
an der drau 98; telfs 64; ternitz 26; baden 25; perchtoldsdorf 23; stockerau 20; ansfelden 40; tulln 34; bruck an
der mur 86; ried im innkreis 49; bad ischl 48; gmunden 48; vocklabruck 48; zell am see 57; lienz 99; schwaz 61;
klosterneuburg 34; leonding 40; bludenz 67; hall in tirol 60; worgl 63; rankweil 68; gotzis 68; enns 44; korneuburg
21; hollabrunn 20; mistelbach 21 39 42; zwettl 39; horn 35; oberwart 74; neusiedl am see 71; judenburg 87;
knittelfeld 87
""",
    "CH": """
zurich 80; genf 12; geneve 12; basel 40 41; lausanne 10; bern 30 31; winterthur 84; luzern 60; st gallen 90; lugano
69; biel 25; chur 70; neunburg 20; neuchatel 20; schaffhausen 82; zug 63; thun 36; koniz 30; la chaux de fonds 23;
fribourg 17; freiburg 17; uster 86; sion 19; sitten 19; emmen 60; yverdon les bains 14; kriens 60; rapperswil jona
86; dubendorf 86; dietikon 89; montreux 18; fraunfeld 85; wetzikon 86; baar 63; riehen 41; renens 10; wadenswil 88;
kreuzlingen 82; nyon 12; bulach 81; vevey 18; gossau 90 86; aarau 50; baden 54; olten 46; bellinzona 65; locarno 66;
solothurn 45; burgdorf 34; langenthal 49; liestal 44; herisau 91; altdorf 64; schwyz 64; sarnen 60; stans 63; glarus
87; appenzell 90; delemont 28; davos 72; brig 39; martigny 19; horgen 88; thalwil 88; opfikon 81; kloten 83; wil 95;
arbon 93; allschwil 41; pratteln 41; binningen 41; carouge 12; lancy 12; meyrin 12
""",
    "LI": """
vaduz 9490; schaan 9494; balzers 9496; triesen 9495; triesenberg 9497; eschen 9492; mauren 9493; gamprin 9487;
ruggell 9491; planken 9498; schellenberg 9488; nendeln 9485; bendern 9487
""",
}


def _read(text: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for one in text.split(";"):
        words = one.split()
        codes = tuple(w for w in words if w.isdigit())
        found[" ".join(words[: -len(codes)])] = codes
    return found


_TOWNS = {country: _read(text) for country, text in _LISTED.items()}


@lru_cache(maxsize=8192)
def domain_hint(domain: str) -> str:
    """The domain that was probably meant ("gmial.com" → "gmail.com"), or nothing where it may be as it is.

    One slip of the keyboard (optimal string alignment, so swapped neighbours count once) away from a large provider.
    """
    domain = domain.lower()
    if domain in DOMAINS or domain in REAL or len(domain) < 6:
        return ""
    return next((d for d in DOMAINS if len(d) >= 6 and OSA.distance(domain, d, score_cutoff=1) == 1), "")


def postcode_fits(postcode: str, country: str) -> bool:
    """Whether a postcode has the form of its country; other countries than DE, AT, CH, LI are not judged."""
    form = _FORMS.get(country)
    return form is None or not postcode or re.fullmatch(form, postcode.strip()) is not None


def place_fits(postcode: str, city: str, country: str) -> bool:
    """Whether a postcode can lie in a town; towns that are not known are not judged."""
    starts = _TOWNS.get(country, {}).get(fold(city).replace("sankt ", "st "))
    return starts is None or not postcode or postcode.strip().startswith(starts)


def iban_holds(text: str) -> bool:
    """Whether this is an IBAN with the right length and check digits (ISO 13616)."""
    try:
        return bool(iban.validate(text, check_country=False))
    except ValidationError:
        return False


def vat_holds(text: str, country: str = "") -> bool:
    """Whether this is a VAT ID of an EU country, Switzerland or the United Kingdom with the right check digit."""
    try:
        return bool(read_vat(text, country))
    except Unreadable:
        return False
