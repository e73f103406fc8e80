"""Files from elsewhere: downloads, archives, and arrays out of them that run no code."""
