"""How common a name is: agreeing on Müller says less than agreeing on Zwingenberger.

Shipped are lists of frequent names in Germany and in English-speaking countries, the most frequent first; shares by
rank follow a power law through well-known points (the first last name in Germany has just under 1 % of the people,
the hundredth about 0.05 %). A tenant's own counts, where there are enough, take their place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from klientel.lib.words import fold

_FAMILY_DE = """
Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf
Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt Werner Schmitz Krause Meier Lehmann
Schmid Schulze Maier Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn
Schubert Vogel Friedrich Keller Günther Frank Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon
Ludwig Böhm Winter Kraus Martin Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas
Schreiber Graf Schulte Dietrich Ziegler Kuhn Kühn Pohl Engel Horn Busch Bergmann Thomas Voigt Sauer Arnold Wolff
Pfeiffer Ernst Jansen Hansen Petersen Lutz Beyer Dietz Seitz Fink Fritz Hübner Kramer Bock Barth Ebert Ritter Rudolph
Nowak Kurz Lindner Urban Stark Kunz Reinhardt Ott Brand Paul Götz Heinz Kirsch Bischoff Wenzel Kern Kirchner
Behrens Bender Blum Bayer Lenz Reuter Marx Beckmann Hein Decker Steinbach Thiel Hermann Walther Pfeifer Wegner Hess
Heß Fiedler Peter Langer Hesse Gerlach Kunze Adam Brunner Bachmann Schilling Körner Wirth Noack Scheffler Rose Naumann
Schramm Witt Buchholz Schütz Voß Schmidtke Ulrich Maurer Konrad Wendt Hanke Heller Held Erdmann Christ Römer
Yilmaz Kaya Yildiz Demir Gruber Pichler Steiner Moser Hofer Leitner Berger Eder Fischer Schmid
"""
_FAMILY_EN = """
Smith Jones Williams Brown Taylor Johnson Davies Wilson Miller Evans Thomas Roberts Davis Walker Wright Robinson
Thompson White Hughes Edwards Green Hall Wood Harris Lewis Martin Jackson Clarke Clark Turner Hill Scott Cooper Morris
Ward Moore King Watson Baker Harrison Morgan Patel Young Allen Mitchell James Anderson Phillips Lee Bell Parker Davis
Bennett Miller Cook Shaw Cox Murphy Garcia Martinez Rodriguez Lopez Nguyen Kelly Campbell Stewart Ryan
"""
_GIVEN_DE = """
Peter Michael Thomas Andreas Wolfgang Klaus Christian Stefan Hans Jürgen Frank Maria Ursula Monika Petra Martin Bernd
Werner Anna Sabine Uwe Karin Renate Helga Gerhard Markus Andrea Susanne Alexander Heinz Manfred Claudia Matthias Daniel
Ingrid Brigitte Karl Dieter Birgit Günter Elisabeth Sebastian Horst Barbara Jan Gabriele Christine Marion Angelika
Katharina Anja Herbert Ralf Gisela Heike Martina Kerstin Rainer Nicole Stefanie Christina Julia Robert Helmut Johannes
Josef Walter Norbert Tobias Philipp Torsten Sven Florian Sandra Silke Eva Anke Sarah Laura Lisa Marie Christa Erika
Rolf Jens Joachim Tanja Melanie Kathrin Jörg Holger Dirk Volker Johanna Lena Lea Leon Lukas Paul Felix Max Tim Jonas
Maximilian Sophie Emma Mia Hannah Ben Finn Elias Heinrich Franz Friedrich Georg Otto Kurt Erich Gerda Ilse Hildegard
Ingeborg Inge Hannelore Gertrud Irmgard Edith Waltraud Marianne Elfriede Christel Ruth Margarete Rosemarie Roswitha
Doris Gudrun Ute Silvia Regina Jutta Cornelia Simone Nadine Yvonne Katja Daniela Bettina Annette Barbara Elke Heidi
Heidemarie Irene Irma Lieselotte Anneliese Erna Else Hedwig Martha Frieda Käthe Carmen Manuela Ramona Jana Jessica
Jennifer Vanessa Franziska Theresa Antonia Carolin Annika Miriam Rebecca Verena Vera Beate Dagmar Dorothea Edeltraud
Günther Rudolf Siegfried Bernhard Gerd Wilhelm Alfred Ernst Erwin Hermann Willi Fritz Ewald Egon Eberhard Reinhard
Lothar Harald Hartmut Detlef Winfried Wilfried Roland Ulrich Rüdiger Reiner Udo Axel Olaf Carsten Karsten Thorsten
Marco Marcel Dennis Kevin Patrick Marc Mario Maik Mike René Steffen Timo Oliver Christoph Benjamin Felix Simon
Dominik Fabian Niklas Nico Moritz Julian Jakob David Anton Emil Henri Noah Luis Luca Samuel Vincent Hans-Peter
"""
_GIVEN_EN = """
John David Michael James William Robert Mary Thomas Richard Elizabeth Susan Jennifer Charles Patricia Linda Barbara
Paul Mark Christopher Daniel Andrew Matthew Margaret Sarah Joseph George Edward Peter Stephen Anthony Kevin Brian Emma
Jack Oliver Harry Olivia Emily Jessica Joshua Thomas Sophie Samuel Benjamin Alexander Grace Chloe Lucy Megan Hannah
Amelia Charlotte Ella Isla Ava Mia Lily Jacob Charlie Ethan Noah Lucas Mason Logan Liam Jacob Lachlan Isabella Mitchell
Joshua Ryan Nicholas Lauren Ruby Georgia Caitlin Zoe Holly Kate Nathan Luke Jayden Tyler Samantha Rebecca Natalie
"""


def _ranked(text: str, first: float, slope: float) -> dict[str, float]:
    shares: dict[str, float] = {}
    for name in map(fold, text.split()):
        if name not in shares:
            shares[name] = first * (len(shares) + 1) ** -slope
    return shares


def _merged(*lists: dict[str, float]) -> dict[str, float]:
    return {name: max(shares.get(name, 0.0) for shares in lists) for one in lists for name in one}


_SHARES = {
    "family": _merged(_ranked(_FAMILY_DE, 0.0095, 0.62), _ranked(_FAMILY_EN, 0.011, 0.62)),
    "given": _merged(_ranked(_GIVEN_DE, 0.02, 0.45), _ranked(_GIVEN_EN, 0.02, 0.45)),
}
#: what a name weighs that is on no list
_RARE = {"family": 12.0, "given": 9.5}
_LIGHTEST = {"family": 4.0, "given": 3.0}
_HEAVIEST = 14.0
#: fewer records than this say nothing about how common a name is
ENOUGH = 2000


@lru_cache(maxsize=16384)
def _shipped(feature: str, name: str) -> float:
    share = _SHARES[feature].get(name)
    return _RARE[feature] if share is None else -math.log2(share)


@dataclass(frozen=True)
class Commonness:
    """How much agreeing on a name weighs; ``counts`` are a tenant's own, by feature and folded name."""

    total: int = 0
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def bits(self, feature: str, name: str) -> float:
        """The weight of agreeing on this folded name, in bits: minus log2 of its share."""
        own = self.counts.get(feature)
        if own is None or self.total < ENOUGH:
            return _shipped(feature, name)
        seen = own.get(name, 0)
        found = -math.log2((seen + 1) / (self.total + 1)) if seen else _RARE[feature]
        return max(_LIGHTEST[feature], min(_HEAVIEST, found))


SHIPPED = Commonness()
