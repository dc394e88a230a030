"""Pages: plain functions over a record type, Jinja2 templates, own CSS and ES modules."""
