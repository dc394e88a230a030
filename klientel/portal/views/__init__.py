"""Pages for customers: no sign-in, no cookies, nothing that leads to other customers."""
