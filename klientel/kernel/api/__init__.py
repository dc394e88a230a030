"""The API: every record type and action at ``/api/v1``, made from the declarations, with its own OpenAPI document."""
