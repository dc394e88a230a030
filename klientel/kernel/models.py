"""Every table of the kernel, where Django looks for them."""

from klientel.kernel.access.models import Member, Membership, Role, Team, View
from klientel.kernel.access.seen import Seen
from klientel.kernel.api.models import Allowance, Answer
from klientel.kernel.events.models import About, Block, Cursor, Parked, Seal
from klientel.kernel.files.models import File
from klientel.kernel.history.models import ChangeRow, ChangeRun
from klientel.kernel.identity.models import ApiToken, Invitation, User
from klientel.kernel.live.models import Notification
from klientel.kernel.merge.models import Alias, Merge, Moved
from klientel.kernel.records import custom as _custom
from klientel.kernel.records.models import Comment, Custom, CustomField, CustomType, Relation, RelationKind, Tag
from klientel.kernel.records.shaping import FieldRule, Layout
from klientel.kernel.records.warnings import Warning as RecordWarning
from klientel.kernel.search.models import Entry
from klientel.kernel.tenancy.models import Installation, Tenant, Wake
from klientel.kernel.transfer.models import ImportRow, ImportRun, ImportTemplate, StagedRow
from klientel.kernel.twins.models import Distinct, DuplicateRule, TwinMember, TwinPair, TwinSearch

__all__ = [
    "About",
    "Alias",
    "Allowance",
    "Answer",
    "ApiToken",
    "Block",
    "ChangeRow",
    "ChangeRun",
    "Comment",
    "Cursor",
    "Custom",
    "CustomField",
    "CustomType",
    "Distinct",
    "DuplicateRule",
    "Entry",
    "FieldRule",
    "File",
    "ImportRow",
    "ImportRun",
    "ImportTemplate",
    "Installation",
    "Invitation",
    "Layout",
    "Member",
    "Membership",
    "Merge",
    "Moved",
    "Notification",
    "Parked",
    "RecordWarning",
    "Relation",
    "RelationKind",
    "Role",
    "Seal",
    "Seen",
    "StagedRow",
    "Tag",
    "Team",
    "Tenant",
    "TwinMember",
    "TwinPair",
    "TwinSearch",
    "User",
    "View",
    "Wake",
    "_custom",
]
