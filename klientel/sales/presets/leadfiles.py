"""What sales knows of people's files: leads name organisations that are made where they are new."""

from __future__ import annotations

from klientel.kernel.transfer.targets import Preset, preset

preset(
    "sales.lead",
    Preset(
        synonyms={
            "name": ("interest", "interesse", "subject", "betreff", "lead name", "lead"),
            "person": ("person", "contact", "kontakt", "ansprechpartner", "e-mail", "email"),
            "organisation": ("company", "firma", "organisation", "account"),
            "source": ("source", "quelle", "lead source", "herkunft"),
            "campaign": ("campaign", "kampagne"),
            "message": ("message", "nachricht", "description", "comment"),
            "status": ("status", "lead status"),
            "team": ("team", "inbox", "eingang"),
            "owner": ("owner", "verantwortlich"),
        },
        creates=("organisation",),
    ),
)
