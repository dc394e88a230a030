"""Mail as it comes: taken apart with bounds, sorted, its quotations folded. Plain Python that sends nothing."""
