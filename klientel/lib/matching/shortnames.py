"""First names that stand for one another: short forms and spellings, German and English."""

from __future__ import annotations

from klientel.lib.words import fold

_GROUPS = """
alexander alex sascha sasha xander alec lex
alexandra alex sandra sascha lexi
andreas andi andy andre dreas
andrea andi andy
anna anne anni anja annie ann hannah hanna
annemarie anne marie annmarie
anthony tony toni anton
antonia toni
barbara babs barbel babsi barb
benjamin ben benni benny
bernhard bernd berni bernard hardy
brigitte gitte gitta birgit
charlotte lotte charly lotti
christian chris
christopher chris christoph kit stoffel
christina tina chris christine christiane kristina kristin
christine tina chris christina
clara klara
daniel dan danny dani
daniela dani danny
david dave davy
deborah debbie debra deb
dieter dietrich didi
dorothea doris dora thea dorothee dorle
edward ed eddie ted ned eduard
elisabeth lisa elisa liesel sissi else elsbeth betty liz beth eliza lisbeth elizabeth bettina ella libby
emanuel manuel manu immanuel emmanuel
erich eric erik
eugen gene eugene
franz franzl frank francis franziskus
franziska franzi fanny ziska frances
frederick fred freddy friedrich fritz frederik frederic fredrik
gabriele gabi gaby gabriela
georg jorg jurgen george schorsch
gerhard gerd gert hardy gerard
gertrud trude gerti
gregory greg gregor
guenther gunter gunther guenter
hans johannes johann john jan jonny
heinrich heinz hein henry harry heiner hendrik henrik hinrich
helene lena leni helen hella elena
helmut hellmut helmuth
herbert bert herb
ilse else
ingrid inge inga ingeborg
jacob jakob jake
jennifer jenny jen jenni
joachim achim jochen jo
johanna hanna jo hannah joanna
john jack johnny jon jonathan johann
josef joseph sepp jupp joe jo beppo
josefine josephine josi fine
juergen jurgen jorgen georg
julia jule julie jules
juliane jule julia
karl carl charles charlie karlheinz chuck
karin karina carina
katharina kathi katja kate katrin kathrin kati käthe catherine katherine kathy katie cathy cathrin
james jim jimmy jamie jem
kenneth ken kenny
klaus claus nikolaus niklas
konrad conrad kurt conny
konstantin constantin
kristina christina tina
laurence larry lawrence lorenz laurenz
leonard leo lenny leonhard leon
leopold leo poldi
ludwig lutz louis luis lewis wiggerl
magdalena lena magda leni
manfred manni fred
manuela manu ela
margarete grete gretel margret gretchen rita margit marga greta margarethe margaret maggie meg peggy
maria mia marie mitzi mary marian marianne
martin martl marten
martina tina
matthias matze matthew matt mathias hias mattis matteo
maximilian max maxi
michael michi mike mick micha michel mikael mischa
michaela michi ela michelle
monika moni monica
nicholas nick nico niko nikolas nicolas nikolaus klaus niklas
nicole nici nicki nicola
norbert bert nobby
oliver olli oli ollie
pamela pam
patricia pat patty patti trish tricia
patrick pat paddy rick
peter pete petri
philipp phil philip philippe
rainer reiner rainier
rebecca becky bekka becca
regina gina regine
reinhard reini hardy reinhardt
renate nate reni
richard rick dick ricky rich richi
robert bob rob robbie bobby bert robin
roland rolli
rolf rudolf
ronald ron ronny
rosemarie rosi rose marie
rudolf rudi rolf rudolph
samuel sam sammy
samantha sam
sabine bine
sebastian basti bastian seb wastl
siegfried sigi fritz siggi
sigrid siggi
silvia sylvia
simone mona
sophia sophie sofia sofie fia
stefan steffen stephan steve stephen steven stephane
stefanie steffi stephanie stefania
susanne susi sanne susan suse susanna sue susie suzanne
theodor theo ted theodore
theresa resi therese teresa terry tess resl
thomas tom tommy thom tomas
timothy tim timmy timo timotheus
tobias tobi toby
ulrich uli ulli udo
ulrike uli ulli rike
ursula uschi ulla ursel
veronika vroni vera veronica
viktor victor vic
viktoria vicky victoria vicki tori
vincent vinz vinzenz vince
waltraud traudl trudi
walter walt walther
werner wernher
wilhelm willi willy helmut wim william bill billy will liam
wolfgang wolf wolfi
zacharias zach zachary
margaret peggy maggie meg daisy greta
abigail abby gail
albert al bert
alfred al fred alf
allan alan al allen
amanda mandy
arthur art
cynthia cindy
donald don donny
dorothy dot dolly dottie
douglas doug
eleanor ellie nell nora
emily em emmy emilie
florence flo
gerald jerry gerry
gilbert gil bert
harold harry hal
isabella bella izzy isabel isabelle
jessica jess jessie
joshua josh
judith judy jutta
katelyn kate
kimberly kim
madeline maddie madeleine
melissa mel lissa
nathaniel nathan nat nate
raymond ray
russell russ
sandra sandy
sarah sally sara
stanley stan
stuart stu stewart
vanessa nessa
virginia ginny
walter wally
winifred win winnie
zoe zoey
"""
#: a folded first name and the groups it belongs to
_GROUPS_OF: dict[str, frozenset[int]] = {}
for _number, _line in enumerate(_GROUPS.strip().splitlines()):
    for _name in map(fold, _line.split()):
        _GROUPS_OF[_name] = _GROUPS_OF.get(_name, frozenset()) | {_number}
_FULL = [fold(line.split()[0]) for line in _GROUPS.strip().splitlines()]


def stand_for_one_another(left: str, right: str) -> bool:
    """Whether two folded first names can be one person's: Bob and Robert, Hans and Johannes, Käthe and Katharina."""
    mine = _GROUPS_OF.get(left)
    return mine is not None and not mine.isdisjoint(_GROUPS_OF.get(right, ()))


def full_form(name: str) -> str:
    """The folded full form of a folded first name that is a short form of one name only; else the name itself."""
    mine = _GROUPS_OF.get(name)
    return _FULL[next(iter(mine))] if mine is not None and len(mine) == 1 else name
