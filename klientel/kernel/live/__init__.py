"""Live: notifications of members, and the streams that tell open pages what changed."""
