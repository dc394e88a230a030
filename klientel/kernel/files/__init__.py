"""Files: a record each, bytes in a folder of the tenant under a name nobody can guess; served as a download only.

``storing.store``, ``opening.open_file``, ``opening.thumbnail``, ``sweeping.orphans``. Nothing is imported here:
the models of the kernel are loaded before its actions.
"""
