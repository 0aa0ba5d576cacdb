"""Questions about real footage: what is written on the screen of published films and screen recordings."""
