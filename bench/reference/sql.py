"""The hand-written statements of the bare views."""

LIST = """
SELECT p.id, p.title, o.title, p.position, p.stage, p.emails, p.phones, m.name, p.changed_at, p.sort_key
FROM contacts_person p
LEFT JOIN contacts_organisation o ON o.tenant_id = p.tenant_id AND o.id = p.organisation
LEFT JOIN kernel_member m ON m.tenant_id = p.tenant_id AND m.id = p.owner
WHERE p.tenant_id = %(tenant)s AND p.archived_at IS NULL {more}
ORDER BY p.sort_key, p.id LIMIT 51
"""
AFTER = "AND (p.sort_key, p.id) > (%(sort)s, %(id)s)"
THREE_PARTS = "AND p.stage = 'customer' AND o.industry = 'manufacturing' AND o.employees > 20"
SEARCH = """
SELECT DISTINCT s.record_id, s.record_type, a.title FROM (
    SELECT record_id, record_type FROM kernel_search
    WHERE tenant_id = %(tenant)s AND alive AND searchable AND {test} LIMIT 8
) s JOIN kernel_search a ON a.tenant_id = %(tenant)s AND a.record_id = s.record_id AND a.field_class = 'A'
"""
BEGINS, NEARLY = "text LIKE %(like)s", "text %%> %(text)s"
PERSON = """
SELECT p.*, o.title AS firm, m.name AS owner_name FROM contacts_person p
LEFT JOIN contacts_organisation o ON o.tenant_id = p.tenant_id AND o.id = p.organisation
LEFT JOIN kernel_member m ON m.tenant_id = p.tenant_id AND m.id = p.owner
WHERE p.tenant_id = %(tenant)s AND p.id = %(id)s
"""
TIMELINE = """
SELECT e.id, e.at, e.kind, e.actor_name, e.changes, v.changes FROM (
    SELECT event_id, at FROM kernel_about WHERE tenant_id = %(tenant)s AND record_id = %(id)s
    ORDER BY at DESC, event_id DESC LIMIT 30
) a JOIN kernel_event e ON e.id = a.event_id LEFT JOIN kernel_event_private v ON v.event_id = e.id
ORDER BY a.at DESC, a.event_id DESC
"""
RELATED = " UNION ALL ".join(
    f"(SELECT id, title, '{what}', changed_at FROM work_{what} WHERE tenant_id = %(tenant)s"
    f" AND concerns @> ARRAY[%(id)s::uuid] AND archived_at IS NULL ORDER BY id DESC LIMIT 6)"
    for what in ("task", "call", "note", "meeting")
)
CREATE = """
INSERT INTO contacts_person (id, tenant_id, version, title, sort_key, match_keys, extra, restricted, created_by,
    created_at, changed_at, tags, salutation, academic_title, first_name, last_name, position, department, emails,
    phones, addresses, website, language, channel, stage, source, description)
VALUES (%(id)s, %(tenant)s, 1, %(title)s, %(sort)s, %(keys)s, '{}', false, 'bare', now(), now(), '{}', '', '',
    %(first)s, %(last)s, '', '', %(emails)s, '[]', '[]', '', '', '', %(stage)s, '', '')
"""
CHANGE = """
UPDATE contacts_person SET position = %(position)s, version = version + 1, changed_at = now()
WHERE tenant_id = %(tenant)s AND id = %(id)s
"""
EVENT = """
INSERT INTO kernel_event (id, tenant_id, epoch, at, kind, actor, actor_name, record_type, record_id,
    change_set, changes)
VALUES (%(event)s, %(tenant)s, 1, now(), %(kind)s, 'bare', 'Bare', 'contacts.person', %(id)s, %(event)s, %(changes)s)
"""
STAGES = """
SELECT s.id, s.name, s.probability, count(t.id), sum((t.value->>'amount')::numeric)
FROM sales_stage s LEFT JOIN sales_deal t ON t.tenant_id = s.tenant_id AND t.stage = s.id AND t.archived_at IS NULL
WHERE s.tenant_id = %(tenant)s AND s.archived_at IS NULL GROUP BY s.id ORDER BY s.position
"""
CARDS = """
SELECT x.*, o.title, m.name, (
    SELECT min(w.due) FROM work_task w
    WHERE w.tenant_id = %(tenant)s AND w.concerns @> ARRAY[x.id] AND w.done_at IS NULL AND w.archived_at IS NULL)
FROM unnest(%(stages)s::uuid[]) s(id) CROSS JOIN LATERAL (
    SELECT t.id, t.stage, t.title, t.organisation, t.owner, t.value->>'amount', t.expected_close, t.entered_stage_at
    FROM sales_deal t WHERE t.tenant_id = %(tenant)s AND t.stage = s.id AND t.archived_at IS NULL
    ORDER BY t.expected_close, t.id LIMIT 25) x
LEFT JOIN contacts_organisation o ON o.tenant_id = %(tenant)s AND o.id = x.organisation
LEFT JOIN kernel_member m ON m.tenant_id = %(tenant)s AND m.id = x.owner
"""
MOVE = """
UPDATE sales_deal SET stage = %(stage)s, probability = (SELECT probability FROM sales_stage WHERE id = %(stage)s),
    entered_stage_at = now(), version = version + 1, changed_at = now()
WHERE tenant_id = %(tenant)s AND id = %(id)s
"""
