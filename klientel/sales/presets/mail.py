"""Mail that begins a conversation lands on the deal that goes on with whom it is with."""

from klientel.channels.queries.landing import Berth, berth

berth(Berth("sales.deal", ("person", "organisation"), "x.state = 'open'"))
