"""Exchange rates: the European Central Bank's reference rates, as files."""
