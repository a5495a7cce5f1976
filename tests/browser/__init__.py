"""The page of examples/live_feed in a real browser (``make test-web``)."""
