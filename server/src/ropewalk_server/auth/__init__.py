"""Who somebody is (tokens, tickets) and what they may do (roles)."""
