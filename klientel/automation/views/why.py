"""What workflows did can be asked on every timeline."""
