"""What a company must be able to show of the personal data it keeps."""
