"""Pages of one's own login: sign-in, second factor, sessions, tokens, profile, invitation."""
