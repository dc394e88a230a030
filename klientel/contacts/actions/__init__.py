"""What can be done with contacts beyond creating and changing them."""
