"""Pages of work that no declaration can give: the panel of a call, and the day of a rep."""
